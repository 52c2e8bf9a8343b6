#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "grammar/language.h"
#include "llama/llama_grammar.h"
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
    {R"({"type":"object","properties":{"a":{}},"unevaluatedProperties":false})", {"{}", "{\"a\":1}"}, {"{\"b\":1}"}}};

TEST(JsonSchema, Examples) {
  for (const Example& example : kExamples) {
    SCOPED_TRACE(example.schema);
    const Language language = values_of(example.schema);
    for (const char* text : example.good) EXPECT_TRUE(language.contains(text)) << text;
    for (const char* text : example.bad) EXPECT_FALSE(language.contains(text)) << text;
  }
}

TEST(JsonSchema, WhatCannotBeFollowedIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"not":{"type":"null"}})", "at #: the keyword not "},
      {R"({"properties":{"a":{"items":{"type":"number","multipleOf":2}}}})",
       "at #/properties/a/items: the keyword multipleOf "},
      {R"({"type":"array","uniqueItems":true})", "uniqueItems"},
      {R"({"type":"array","contains":{}})", "contains"},
      {R"({"patternProperties":{"^a":{}}})", "patternProperties"},
      {R"({"type":"object","propertyNames":{"maxLength":3}})", "propertyNames"},
      {R"({"type":"object","minProperties":1})", "minProperties"},
      {R"({"properties":{"a":{},"b":{}},"required":["a","b"],"maxProperties":1})", "maxProperties"},
      {R"({"type":"object","dependentRequired":{"a":["b"]}})", "dependentRequired"},
      {R"({"if":{"type":"null"},"then":{}})", "the keyword if "},
      {R"({"$dynamicRef":"#a"})", "$dynamicRef"},
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "at #/oneOf/1: alternatives of oneOf"},
      {R"({"oneOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]})", "alternatives of oneOf"},
      {R"s({"type":"string","pattern":"(?=a)"})s", "pattern (?=a) looks around"},
      {R"({"type":"string","pattern":"^a$","format":"date"})", "pattern and format"},
      {R"({"enum":["abc"],"maxLength":2})", "maxLength beside enum"},
      {R"({"type":"string","minLength":3000})", "minLength above 2000"},
      {R"({"$ref":"https://example.com/schema"})", "another document"},
      {R"({"$ref":"other.json#/a"})", "another document"},
      {R"({"$ref":"#/$defs/x"})", "leads nowhere"},
      {R"({"$ref":"#anchor"})", "leads nowhere"},
      {R"({"$ref":7})", "$ref must be a string"},
      {R"({"$ref":"#"})", "refers to itself"},
      {R"({"anyOf":[{"$ref":"#"},{"type":"null"}]})", "refers to itself"},
      {R"({"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"})", "refers to itself"},
      {"false", "nothing satisfies it"},
      {R"({"allOf":[{"type":"null"},{"type":"string"}]})", "no type is left"},
      {R"({"type":"integer","enum":["a"]})", "nothing satisfies it"},
      {R"({"type":"integer","minimum":3,"maximum":2})", "between the bounds"},
      {R"({"required":["a"],"additionalProperties":false})", "a is required and not allowed"},
      {R"({"type":"array","minItems":2,"maxItems":1})", "maxItems is less"},
      {R"({"type":"text"})", "there is no type text"},
      {R"({"type":7})", "type must be a string"},
      {R"({"enum":[]})", "nothing satisfies it"},
      {R"({"anyOf":[]})", "anyOf must be an array"},
      {R"({"properties":[]})", "properties must be an object"},
      {R"({"required":"a"})", "required must be an array"},
      {R"({"type":"string","minLength":-1})", "minLength must be a whole number"},
      {R"({"type":"string","minLength":1.5})", "minLength must be a whole number"},
      {R"({"type":"number","minimum":"1"})", "minimum must be a number"},
      {R"({"properties":{"a":3}})", "a schema is an object, true or false"},
      {"", "it is not JSON"},
      {"{", "it is not JSON"},
      {"[]", "a schema is an object"},
      {"{\"const\":\"\xff\"}", "it is not JSON"},
      {R"({"minimum":1e999})", "it is not JSON"}};
  for (const auto& [schema, reason] : cases) {
    const std::string sentence = refusal(schema);
    EXPECT_TRUE(sentence.starts_with("json_schema: ")) << schema << ": " << sentence;
    EXPECT_NE(sentence.find(reason), sentence.npos) << schema << ": " << sentence;
  }
}

// Sizes that would overflow a stack, the memory or the patience of whoever waits.
TEST(JsonSchema, HugeSchemasAreRefused) {
  const auto nested = [](const std::string& open, const std::string& close, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += open;
    for (int i = 0; i < n; ++i) text += close;
    return text;
  };
  EXPECT_NE(refusal(nested("[", "]", 500000)), "");
  EXPECT_NE(refusal("{\"const\":" + nested("[", "]", 10000) + "}"), "");
  EXPECT_NE(refusal(nested("{\"items\":", "}", 300).replace(300 * 9, 0, "{}")), "");
  EXPECT_NE(refusal("{\"enum\":[\"" + std::string(1 << 20, 'a') + "\"]}"), "");
  std::string doubling = "{\"$defs\":{\"x0\":{\"type\":\"null\"}";
  for (int i = 1; i <= 40; ++i) {
    doubling += fmt::format(R"(,"x{0}":{{"allOf":[{{"$ref":"#/$defs/x{1}"}},{{"$ref":"#/$defs/x{1}"}}]}})", i, i - 1);
  }
  EXPECT_NE(refusal(doubling + "},\"$ref\":\"#/$defs/x40\"}"), "");
  std::string wide = "{\"type\":\"object\",\"properties\":{";
  for (int i = 0; i < 3000; ++i) wide += fmt::format("{}\"property{}\":{{\"type\":\"integer\"}}", i ? "," : "", i);
  EXPECT_EQ(refusal(wide + "}}"), "");
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
