#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "llama/llama_grammar.h"
#include "schema/json_schema.h"
#include "schema/language.h"
#include "support/paths.h"

namespace decant {
namespace {

using test::Language;
using Json = nlohmann::ordered_json;

Language values_of(std::string_view schema) { return Language(json_schema_to_gbnf(schema)); }

// What makes the schema one that cannot be followed; "" if it can.
std::string refusal(std::string_view schema) {
  try {
    parse_gbnf(json_schema_to_gbnf(schema));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage) << schema;
    return error.what();
  }
  return "";
}

struct Example {
  const char* schema;
  std::vector<const char*> good, bad;
};

const Example kExamples[] = {
    {"{}", {"1", "[1, {\"a\": null}]", "\"\\u00e9\\n\""}, {"", "01", "[1,]", "\"\n\"", "\"\\ud800\"", "nul", "1 "}},
    {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":{}},"required":["b"]})",
     {"{\"b\":null}", "{ \"a\": 1, \"b\": null }", "{\n  \"b\": null, \"c\": []}", "{\"a\":1,\"b\":null,\"c\":2}"},
     {"{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,}", "{\"b\":null,\"d\":1}", "{,\"b\":null}"}},
    {R"({"type":"object","properties":{"ab":{"type":"null"},"ac":{}},"additionalProperties":{"type":"integer"}})",
     {"{}", "{\"ab\":null,\"a\":1}", "{\"abc\":1,\"\":2,\"b\":3}"},
     {"{\"ab\":1}", "{\"ac\":1,\"ab\":2}", "{\"a\":null}", "{\"\\u0061b\":1}", "{\"a\nb\":1}", "{\"a\\\":1}"}},
    {R"({"type":"object","additionalProperties":{"type":"integer"},"maxProperties":2})",
     {"{}", "{\"a\":1}", "{\"a\":1,\"b\":2}"},
     {"{\"a\":1,\"b\":2,\"c\":3}"}},
    {R"({"type":"array","items":{"enum":[1,"x"]},"minItems":1,"maxItems":3})",
     {"[1]", "[ \"x\", 1,1 ]"},
     {"[]", "[2]", "[1,1,1,1]", "[1 1]"}},
    {R"({"prefixItems":[{"type":"integer"},{"type":"null"}],"items":{"type":"boolean"},"maxItems":3})",
     {"[1,null]", "[1,null,true]"},
     {"[null,1]", "[1,null,1]", "[1,null,true,true]"}},
    {R"({"type":"string","minLength":2,"maxLength":3})",
     {"\"ab\"", "\"a\\n\\u00e9\"", "\"日本語\""},
     {"\"a\"", "\"abcd\"", "ab"}},
    {R"({"const":"a\"b\\"})", {"\"a\\\"b\\\\\""}, {"\"a\"b\\\""}},
    {R"({"enum":["a",1,null,"b"],"type":["string","null"]})", {"\"a\"", "null"}, {"1"}},
    {R"({"allOf":[{"properties":{"a":{"minimum":3,"type":"number"}}},{"properties":{"a":{"maximum":5}},"required":["a"]}]})",
     {"{\"a\":3}", "{\"a\":4.5}"},
     {"{}", "{\"a\":2}", "{\"a\":6}"}},
    {R"({"allOf":[{"type":"string","minLength":2,"maxLength":5},{"minLength":4},{"maxLength":9}]})",
     {"\"abcd\"", "\"abcde\""},
     {"\"abc\"", "\"abcdef\""}},
    {R"({"allOf":[{"type":["integer","null"],"minimum":2,"maximum":9},{"minimum":1,"maximum":7,"type":"number"}]})",
     {"2", "7"},
     {"1", "8", "null", "2.5"}},
    {R"({"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}},"additionalProperties":{"type":"integer"}}]})",
     {"{\"a\":1}", "{\"b\":null}"},
     {"{\"a\":null}"}},
    {R"({"allOf":[{"properties":{"b":{}},"additionalProperties":false},{"properties":{"a":{}}}]})",
     {"{}", "{\"b\":1}"},
     {"{\"a\":1}", "{\"b\":1,\"a\":1}", "{\"c\":1}"}},
    {R"({"$ref":"#/$defs/d","enum":["x","y"],"$defs":{"d":{"enum":["y","z"]}}})", {"\"y\""}, {"\"x\"", "\"z\""}},
    {R"({"type":"object","properties":{"a":{},"b":{}},"anyOf":[{"required":["a"]},{"required":["b"]}]})",
     {"{\"a\":1}", "{\"b\":1}", "{\"a\":1,\"b\":1}"},
     {"{}"}},
    {R"({"oneOf":[{"type":"object","properties":{"t":{"const":"a"},"x":{"type":"null"}},"required":["t","x"]},
                  {"type":"object","properties":{"t":{"const":"b"}},"required":["t"]},{"type":"integer"}]})",
     {"{\"t\":\"a\",\"x\":null}", "{\"t\":\"b\"}", "7"},
     {"{\"t\":\"a\"}", "{\"t\":\"c\"}", "1.5"}},
    {R"({"$defs":{"a/b":{"type":"integer"},"l":{"type":["null","object"],"properties":{"next":{"$ref":"#/$defs/l"}}}},
         "type":"object","properties":{"n":{"$ref":"#/$defs/a~1b"},"l":{"$ref":"#/$defs/l"}}})",
     {"{\"n\":1}", "{\"l\":{\"next\":{\"next\":null}}}"},
     {"{\"n\":null}", "{\"l\":{\"next\":1}}"}},
    {R"({"type":"object","required":["x"],"additionalProperties":{"type":"null"}})",
     {"{\"x\":null}"},
     {"{}", "{\"x\":1}"}},
    {R"({"type":"string","maxLength":100000})", {"\"abc\""}, {}},
    {R"({"minimum":0,"exclusiveMinimum":true,"type":"integer"})", {"1"}, {"0"}},
    {R"({"type":"string","format":"date"})",
     {"\"2024-02-28\""},
     {"\"2023-02-30\"", "\"2024-13-01\"", "\"0000-01-01\""}},
    {R"({"type":"string","format":"something"})", {"\"x\""}, {}},
    {R"({"type":"object","minProperties":1,"maxProperties":2,"properties":{"a":{},"b":{},"c":{}}})",
     {"{\"a\":1}", "{\"c\":1}", "{\"a\":1,\"c\":2}"},
     {"{}", "{\"a\":1,\"b\":2,\"c\":3}"}},
    {R"({"type":"object","minProperties":3,"properties":{"a":{},"b":{},"c":{},"d":{}},"required":["c"]})",
     {"{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":1,\"c\":2,\"d\":3}"},
     {"{\"c\":1}", "{\"a\":1,\"c\":2}", "{\"a\":1,\"b\":2,\"d\":3}"}},
    {R"({"type":"object","minProperties":1,"additionalProperties":{"type":"null"}})",
     {"{\"a\":null}", "{\"a\":null,\"b\":null}"},
     {"{}"}},
    {R"({"properties":{"xa":{"type":["integer","null"]}},"patternProperties":{"^x":{"minimum":3,"type":["integer","null"]},"y$":{"maximum":5,"type":"integer"}},
         "additionalProperties":{"type":"boolean"}})",
     {"{\"xa\":3}", "{\"xa\":null,\"xy\":4}", "{\"y\":1,\"b\":true,\"x\":9}"},
     {"{\"xa\":2}", "{\"xy\":2}", "{\"xy\":6}", "{\"xy\":null}", "{\"y\":true}", "{\"b\":1}", "{\"x\":false}"}},
    {R"({"patternProperties":{"^a":{"type":"null"}},"type":"object","additionalProperties":false})",
     {"{}", "{\"a\":null,\"ab\":null}"},
     {"{\"b\":null}", "{\"a\":1}", "{\"\":null}"}},
    {R"({"propertyNames":{"pattern":"^[a-c]+$","maxLength":2},"additionalProperties":{"type":"null"}})",
     {"{}", "{\"ab\":null}"},
     {"{\"abc\":null}", "{\"d\":null}"}},
    {R"({"type":"array","uniqueItems":true,"minItems":2,"items":{"enum":["a","b","c"]}})",
     {"[\"a\",\"b\"]", "[\"a\",\"c\"]", "[\"a\",\"b\",\"c\"]"},
     {"[\"a\"]", "[\"a\",\"a\"]", "[]"}},
    {R"({"type":"array","items":{"type":"null"},"minItems":2500,"maxItems":2600})", {}, {"[]", "[null]"}},
    {R"({"$anchor":"top","type":["object","null"],"properties":{"n":{"$ref":"#top"}}})",
     {"null", "{\"n\":{\"n\":null}}"},
     {"{\"n\":1}"}},
    {R"({"$id":"http://a.b/c/root.json","properties":{"n":{"$ref":"item.json"},"m":{"$ref":"/c/root.json#/$defs/i"},"k":{"$ref":"item.json#it"}},
         "$defs":{"i":{"$id":"item.json","type":"integer","$defs":{"x":{"$anchor":"it","type":"null"}}}}})",
     {"{\"n\":1}", "{\"m\":1}", "{\"k\":null}"},
     {"{\"n\":null}", "{\"m\":null}", "{\"k\":1}"}},
    {R"({"$dynamicAnchor":"node","type":["object","null"],"properties":{"n":{"$dynamicRef":"#node"}}})",
     {"{\"n\":null}"},
     {"{\"n\":1}"}},
    {R"({"enum":["abc","d",7,{"a":1,"b":[2]},null],"minLength":2,"not":{"type":"null"},"maximum":6})",
     {"\"abc\"", "{\"a\":1,\"b\":[2]}", "{ \"a\": 1, \"b\": [2]}"},
     {"\"d\"", "7", "null"}},
    {R"({"type":"object","properties":{"a":{"type":"array","minItems":1,"items":{"$ref":"#/properties/a"}},"b":{"type":"null"}}})",
     {"{}", "{\"b\":null}"},
     {"{\"a\":[]}"}},
    {R"({"anyOf":[{"type":"integer","minimum":2,"maximum":1},{"type":"null"}]})", {"null"}, {"2", "1"}},
    {R"({"allOf":[{"type":"string","pattern":"^a"},{"pattern":"b$"},{"format":"hostname"}]})",
     {"\"ab\"", "\"a.b\""},
     {"\"a\"", "\"a_b\""}},
    {R"({"type":"object","properties":{"a":{}},"unevaluatedProperties":false})", {"{}", "{\"a\":1}"}, {"{\"b\":1}"}}};

TEST(JsonSchema, Examples) {
  for (const Example& example : kExamples) {
    SCOPED_TRACE(example.schema);
    const Language language = values_of(example.schema);
    for (const char* text : example.good) EXPECT_TRUE(language.contains(text)) << text;
    for (const char* text : example.bad) EXPECT_FALSE(language.contains(text)) << text;
  }
}

// The public test suite: a schema is refused, or nothing that it calls invalid is accepted.
TEST(JsonSchema, NothingInvalidIsAccepted) {
  std::ifstream file(test::schemas_folder() / "test_suite.jsonl");
  int schemas = 0, refused = 0, right = 0, left_out = 0;
  for (std::string line; std::getline(file, line); ++schemas) {
    const Json group = Json::parse(line);
    const std::string schema = group["schema"].dump();
    if (!refusal(schema).empty()) {
      ++refused;
      continue;
    }
    const Language language = values_of(schema);
    for (const Json& test : group["tests"]) {
      const bool valid = test[1];
      const bool accepted = language.contains(test[0].dump());
      EXPECT_FALSE(accepted && !valid) << group["name"] << ": " << schema << " accepts " << test[0];
      ++(accepted == valid ? right : left_out);
    }
  }
  EXPECT_EQ(schemas, 536);
  EXPECT_LE(refused, 260);
  EXPECT_GE(right, 1000);
  EXPECT_LE(left_out, 620) << "mostly formats, and types that the keywords do not speak of";
}

}  // namespace
}  // namespace decant
