// Tested by tests/server/serve_test.py.
#include "server/openapi.h"

#include <cmath>
#include <optional>
#include <type_traits>

#include "options/table.h"
#include "server/api.h"
#include "server/json_body.h"
#include "server/request.h"

namespace decant {
namespace {

template <class Element>
Json element_schema(const Range& range) {
  Json schema;
  if constexpr (std::is_same_v<Element, bool>) {
    schema["type"] = "boolean";
  } else if constexpr (std::is_same_v<Element, std::string>) {
    schema["type"] = "string";
    const auto words = range.choices ? range.choices() : range.words;
    for (const std::string_view word : words) schema["enum"].push_back(word);
  } else {
    schema["type"] = std::is_same_v<Element, double> ? "number" : "integer";
    const auto bound = [](double value) -> Json {
      if constexpr (std::is_same_v<Element, double>) return value;
      return static_cast<std::int64_t>(value);
    };
    if (std::isfinite(range.low)) schema[range.low_is_open ? "exclusiveMinimum" : "minimum"] = bound(range.low);
    if (std::isfinite(range.high)) schema["maximum"] = bound(range.high);
  }
  return schema;
}

template <class T>
struct SchemaOf {
  static Json of(const Range& range) { return element_schema<T>(range); }
};
template <class T>
struct SchemaOf<std::vector<T>> {
  static Json of(const Range& range) { return {{"type", "array"}, {"items", element_schema<T>(range)}}; }
};
template <class T>
struct SchemaOf<std::optional<T>> : SchemaOf<T> {};

Json schema_of(const Field<GenerationConfig>& row) {
  const auto of = [&]<class T>(const T*) { return SchemaOf<T>::of(row.range); };
  Json schema = std::visit(of, default_of(row));
  schema["description"] = fmt::format("{} ({})", row.doc, row.when);
  return schema;
}

Json properties_for(Endpoint endpoint) {
  Json properties = Json::object();
  for (const ApiField& field : api_fields()) {
    if (!stands_in(field, endpoint)) continue;
    Json schema = field.schema.empty() ? schema_of(get(generation_fields(), field.option)) : Json::parse(field.schema);
    schema["description"] = field.doc;
    properties[std::string(field.name)] = std::move(schema);
  }
  for (const auto& row : generation_fields()) {
    if (!properties.contains(std::string(row.name))) properties[std::string(row.name)] = schema_of(row);
  }
  return properties;
}

Json request_schema(Endpoint endpoint) {
  Json schema = {{"type", "object"}, {"properties", properties_for(endpoint)}, {"additionalProperties", false}};
  if (endpoint == Endpoint::completions) schema["required"] = {"prompt"};
  if (endpoint == Endpoint::chat) schema["required"] = {"messages"};
  if (endpoint == Endpoint::responses) schema["required"] = {"input"};
  return schema;
}

Json reference(std::string_view name) { return {{"$ref", fmt::format("#/components/schemas/{}", name)}}; }

// What a route takes, by its path.
std::optional<Json> body_of(std::string_view path) {
  if (path == "/v1/completions") return reference("CompletionRequest");
  if (path == "/v1/chat/completions") return reference("ChatRequest");
  if (path == "/v1/responses") return reference("ResponsesRequest");
  if (path == "/v1/decode") return reference("DecodeRequest");
  constexpr std::string_view tokenize =
      R"({"prompt":{"type":"string"},"content":{"type":"string"},"add_special_tokens":{"type":"boolean"},"add_special":{"type":"boolean"},)"
      R"("parse_special":{"type":"boolean"},"with_pieces":{"type":"boolean"},"return_token_strs":{"type":"boolean"}})";
  Json fields = Json::object();
  if (path == "/tokenize") fields = Json::parse(tokenize);
  if (path == "/detokenize")
    fields = Json::parse(R"({"tokens":{"type":"array","items":{"type":"integer","minimum":0}}})");
  const bool takes_messages = path == "/tokenize" || path == "/apply-template";
  for (const ApiField& field : api_fields()) {
    const bool is_taken =
        field.name == "model" || (takes_messages && (field.name == "messages" || field.name == "tools"));
    if (is_taken) fields[std::string(field.name)] = Json::parse(field.schema);
  }
  Json body = {{"type", "object"}, {"properties", std::move(fields)}};
  if (path == "/tokenize") {
    for (const char* each : {"prompt", "content", "messages"}) body["anyOf"].push_back({{"required", {each}}});
  } else {
    body["required"] = {path == "/detokenize" ? "tokens" : "messages"};
  }
  return body;
}

// Wherever a schema has a member `model`, it is one of those that are served.
void name_models(Json& schema, const std::vector<std::string>& models) {
  if (schema.is_object() && schema.contains("properties") && schema["properties"].contains("model"))
    schema["properties"]["model"]["enum"] = models;
}

Json operation(const Route& route, const std::vector<std::string>& models) {
  Json it = {{"summary", route.doc}};
  Json& responses = it["responses"];
  const Json error = {{"description", "an error"},
                      {"content", {{"application/json", {{"schema", reference("Error")}}}}}};
  responses["200"] = {{"description", "the answer"}};
  const bool is_json = route.path != "/" && route.path != "/metrics" && route.path != "/v1/decode";
  Json& content = responses["200"]["content"];
  if (is_json) content["application/json"] = {{"schema", {{"type", "object"}}}};
  if (route.path == "/") content["text/html"] = Json::object();
  if (route.path == "/metrics") content["text/plain"] = Json::object();
  if (route.path.starts_with("/v1/") && route.method == "POST") content["text/event-stream"] = Json::object();
  for (const char* status : {"400", "401", "403", "404", "405", "408", "413", "415", "421", "429", "431", "500", "503"})
    responses[status] = error;
  if (!route.open) it["security"] = Json::array({{{"key", Json::array()}}, Json::object()});
  if (route.path.ends_with('/') && route.path.size() > 1) {
    it["parameters"] = Json::array(
        {{{"name", "model"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}, {"enum", models}}}}});
  }
  if (route.method == "POST") {
    Json body = *body_of(route.path);
    name_models(body, models);
    it["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", std::move(body)}}}}}};
  }
  return it;
}

}  // namespace

std::string openapi_text(const std::vector<std::string>& models) {
  Json page;
  page["openapi"] = "3.1.0";
  page["info"] = {{"title", "decant"}, {"version", DECANT_VERSION}};
  Json& paths = page["paths"];
  for (const Route& route : Route::all()) {
    const bool is_prefix = route.path.ends_with('/') && route.path.size() > 1;
    const std::string path = std::string(route.path) + (is_prefix ? "{model}" : "");
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    paths[path][method] = operation(route, models);
  }
  Json& schemas = page["components"]["schemas"];
  schemas["CompletionRequest"] = request_schema(Endpoint::completions);
  schemas["ChatRequest"] = request_schema(Endpoint::chat);
  schemas["ResponsesRequest"] = request_schema(Endpoint::responses);
  schemas["DecodeRequest"] = request_schema(Endpoint::decode);
  for (auto& each : schemas) name_models(each, models);
  const Json text_or_null = {{"type", Json::array({"string", "null"})}};
  schemas["Error"] = {{"type", "object"},
                      {"properties",
                       {{"error",
                         {{"type", "object"},
                          {"properties",
                           {{"message", {{"type", "string"}}},
                            {"type", {{"type", "string"}}},
                            {"param", text_or_null},
                            {"code", text_or_null}}},
                          {"required", {"message", "type", "param", "code"}}}}}},
                      {"required", {"error"}}};
  page["components"]["securitySchemes"]["key"] = {{"type", "http"}, {"scheme", "bearer"}};
  return page.dump();
}

}  // namespace decant
