#include "schema/json_schema_refs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace decant {
namespace {

using Json = OrderedJson;

// ---- URIs (RFC 3986, sections 5.2 and 5.3) --------------------------------------------------------------------------

struct Uri {
  std::string scheme, authority, path, query, fragment;  // with ":", "//", "?" and "#"
};

Uri parse(std::string_view text) {
  Uri uri;
  const auto take = [&text](std::size_t size) {
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(part.size());
    return std::string(part);
  };
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon != text.npos && colon > 0 && text[colon] == ':') uri.scheme = take(colon + 1);
  if (text.starts_with("//")) uri.authority = take(std::min(text.find_first_of("/?#", 2), text.size()));
  uri.path = take(std::min(text.find_first_of("?#"), text.size()));
  uri.query = take(std::min(text.find('#'), text.size()));
  uri.fragment = std::string(text);
  return uri;
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if (segment == "..") {
      if (segments.size() > 1) segments.pop_back();
      if (last) segments.emplace_back();
    } else if (segment != "." || last) {
      segments.push_back(segment == "." ? std::string_view() : segment);
    }
    begin = end + 1;
  }
  std::string result;
  for (std::size_t i = 0; i < segments.size(); ++i) result.append(i > 0 ? "/" : "").append(segments[i]);
  return result;
}

// Without its fragment.
std::string resolved(const std::string& base, const std::string& reference) {
  const Uri b = parse(base);
  Uri r = parse(reference);
  if (r.scheme.empty()) {
    r.scheme = b.scheme;
    if (r.authority.empty()) {
      r.authority = b.authority;
      if (r.path.empty()) {
        r.path = b.path;
        if (r.query.empty()) r.query = b.query;
      } else if (r.path[0] != '/') {
        const std::size_t slash = b.path.rfind('/');
        r.path = (slash == b.path.npos ? (b.authority.empty() ? "" : "/") : b.path.substr(0, slash + 1)) + r.path;
      }
    }
  }
  if (r.path.starts_with('/')) r.path = without_dots(r.path);
  return r.scheme + r.authority + r.path + r.query;
}

// ---- the document ---------------------------------------------------------------------------------------------------

std::string step(std::string name) {  // of a JSON pointer
  for (const auto& [c, escape] : {std::pair("~", "~0"), {"/", "~1"}, {"%", "%25"}}) {
    for (std::size_t at = 0; (at = name.find(c, at)) != name.npos; at += std::string_view(escape).size()) {
      name.replace(at, 1, escape);
    }
  }
  return '/' + name;
}

// f(schema, pointer to it, base URI) for all schemas of the document; enum, const and the like hold none.
template <class F>
void each_schema(Json& schema, const std::string& pointer, std::string base, const F& f) {
  if (schema.is_array()) {
    for (std::size_t i = 0; i < schema.size(); ++i) each_schema(schema[i], pointer + step(std::to_string(i)), base, f);
    return;
  }
  if (!schema.is_object()) return;
  const bool hides = schema.contains("$ref") && schema.contains("id");  // in draft 4 nothing counts beside $ref
  for (const char* key : {"$id", "id"}) {
    if (hides || !schema.contains(key) || !schema[key].is_string()) continue;
    const auto id = schema[key].get<std::string>();
    if (!id.starts_with('#')) base = resolved(base, id);
  }
  f(schema, pointer, base);
  for (auto& [key, value] : schema.items()) {
    const bool holds_names = key == "properties" || key == "patternProperties" || key == "$defs" ||
                             key == "definitions" || key == "dependentSchemas" || key == "dependencies";
    if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
    if (holds_names && value.is_object()) {
      for (auto& [name, inner] : value.items()) each_schema(inner, pointer + step(key) + step(name), base, f);
    } else if (value.is_structured() && !is_annotation(key)) {
      each_schema(value, pointer + step(key), base, f);
    }
  }
}

class Index {
 public:
  void add(const Json& schema, const std::string& pointer, const std::string& base) {
    resources_.try_emplace(base, pointer);
    for (const char* key : {"$anchor", "$dynamicAnchor"}) {
      if (!schema.contains(key) || !schema[key].is_string()) continue;
      const auto name = schema[key].get<std::string>();
      anchors_.try_emplace(base + '#' + name, pointer);
      if (key == std::string_view("$dynamicAnchor")) ++dynamic_[name];
    }
    for (const char* key : {"$id", "id"}) {  // drafts 4 to 7: an id that is a fragment
      if (!schema.contains(key) || !schema[key].is_string()) continue;
      const auto name = schema[key].get<std::string>();
      if (name.starts_with('#')) anchors_.try_emplace(base + name, pointer);
    }
  }

  std::optional<std::string> find(const std::string& base, const std::string& reference) const {
    const std::string fragment = parse(reference).fragment, document = resolved(base, reference);
    const auto resource = resources_.find(document);
    if (fragment.size() > 1 && fragment[1] != '/') {
      const auto anchor = anchors_.find(document + fragment);
      return anchor == anchors_.end() ? std::nullopt : std::optional('#' + anchor->second);
    }
    if (resource == resources_.end()) return std::nullopt;
    return '#' + resource->second + (fragment.empty() ? "" : fragment.substr(1));
  }

  // Whether a dynamic reference can mean one place only.
  bool is_static(const std::string& reference) const {
    const std::string fragment = parse(reference).fragment;
    const auto found = fragment.empty() ? dynamic_.end() : dynamic_.find(fragment.substr(1));
    return found == dynamic_.end() || found->second == 1;
  }

 private:
  std::map<std::string, std::string> resources_, anchors_;  // URI -> pointer
  std::map<std::string, int> dynamic_;                      // how often an anchor occurs
};

}  // namespace

OrderedJson with_local_references(OrderedJson document) {
  Index index;
  each_schema(document, "", "", [&](Json& schema, const std::string& pointer, const std::string& base) {
    index.add(schema, pointer, base);
  });
  each_schema(document, "", "", [&](Json& schema, const std::string&, const std::string& base) {
    for (const char* key : {"$ref", "$dynamicRef"}) {
      if (!schema.contains(key) || !schema[key].is_string()) continue;
      const auto reference = schema[key].get<std::string>();
      const bool is_dynamic = key == std::string_view("$dynamicRef");
      const auto found = index.find(base, reference);
      if (!found || (is_dynamic && (!index.is_static(reference) || schema.contains("$ref")))) continue;
      if (is_dynamic) schema.erase(key);
      schema["$ref"] = *found;
    }
  });
  return document;
}

}  // namespace decant
