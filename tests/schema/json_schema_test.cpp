#include "schema/json_schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace decant {
namespace {

// Why the schema cannot be followed; "" if it can.
std::string refusal(std::string_view schema) {
  try {
    json_schema_to_gbnf(schema);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage) << schema;
    return error.what();
  }
  return "";
}

TEST(JsonSchema, WhatCannotBeFollowedIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"not":{"type":"null"}})", "at #: the keyword not "},
      {R"({"properties":{"a":{"items":{"type":"number","multipleOf":2}}}})",
       "at #/properties/a/items: the keyword multipleOf "},
      {R"({"type":"array","uniqueItems":true,"minItems":2,"prefixItems":[{},{}]})", "at #: uniqueItems and minItems 2"},
      {R"({"type":"array","contains":{}})", "contains"},
      {R"({"type":"object","propertyNames":{"not":{"maxLength":3}}})", "at #/propertyNames: the keyword not "},
      {R"({"type":"object","minProperties":2})", "minProperties 2 asks for several undeclared names that differ"},
      {R"({"properties":{"a":{},"b":{}},"required":["a","b"],"maxProperties":1})",
       "nothing satisfies it: minProperties, maxProperties"},
      {R"({"allOf":[{"patternProperties":{"a":{}}},{"additionalProperties":false}]})",
       "patternProperties and additionalProperties"},
      {R"({"type":"object","dependentRequired":{"a":["b"]}})", "dependentRequired"},
      {R"({"if":{"type":"null"},"then":{}})", "the keyword if "},
      {R"({"$dynamicRef":"#a"})", "$dynamicRef"},
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "at #/oneOf/1: alternatives of oneOf"},
      {R"({"oneOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]})", "alternatives of oneOf"},
      {R"s({"type":"string","pattern":"(?=ab)\\b"})s", "pattern (?=ab)\\b looks around"},
      {R"({"type":"string","pattern":"^a$","format":"date"})", "no string is allowed by pattern, format and lengths"},
      {R"({"enum":["abc"],"maxLength":2})", "nothing satisfies it: no value of enum or const"},
      {R"({"enum":[{"a":1}],"unevaluatedProperties":false})", "unevaluatedProperties beside enum"},
      {R"({"type":"array","minItems":1,"items":{"$ref":"#"}})", "at #: nothing satisfies it: it has no end"},
      {R"({"properties":{"a":{"$ref":"#"}},"required":["a"]})", "at #: nothing satisfies it: it has no end"},
      {R"({"anyOf":[{"type":"array","minItems":1,"items":{"$ref":"#"}},{"type":"null","enum":[1]}]})",
       "nothing satisfies it"},
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
  EXPECT_NE(refusal("{\"enum\":[\"" + std::string(16 << 20, 'a') + "\"]}"), "");
  std::string doubling = "{\"$defs\":{\"x0\":{\"type\":\"null\"}";
  for (int i = 1; i <= 40; ++i) {
    doubling += fmt::format(R"(,"x{0}":{{"allOf":[{{"$ref":"#/$defs/x{1}"}},{{"$ref":"#/$defs/x{1}"}}]}})", i, i - 1);
  }
  EXPECT_NE(refusal(doubling + "},\"$ref\":\"#/$defs/x40\"}"), "");
  std::string wide = "{\"type\":\"object\",\"properties\":{";
  for (int i = 0; i < 3000; ++i) wide += fmt::format("{}\"property{}\":{{\"type\":\"integer\"}}", i ? "," : "", i);
  EXPECT_EQ(refusal(wide + "}}"), "");
}

}  // namespace
}  // namespace decant
