// Tested by tests/cli/grid_test.cpp.
#include "cli/grid_file.h"

#include <yaml-cpp/yaml.h>

#include "cli/input.h"
#include "cli/prompt.h"

namespace decant {
namespace {

class Reader {
 public:
  Reader(const std::string& path, GridFile& grid) : path_(path), grid_(grid) {}

  void read(const YAML::Node& root) {
    if (!root.IsMap()) reject(root, "a map with prompts, options, settings and grid is expected");
    for (const auto& entry : root) {
      const std::string key = text(entry.first);
      if (key == "prompts") {
        grid_.prompts = texts(entry.second);
      } else if (key == "prompts_file") {
        grid_.prompts_file = text(entry.second);
      } else if (key == "settings") {
        grid_.settings = texts(entry.second);
      } else if (key == "options") {
        for_each_option(entry.second, [&](const OptionField& field, const YAML::Node& value) {
          grid_.options.emplace_back(&field, value_of(field, value));
        });
      } else if (key == "grid") {
        for_each_option(entry.second, [&](const OptionField& field, const YAML::Node& values) {
          grid_.axes.push_back(axis(field, values));
        });
      } else {
        reject(entry.first,
               fmt::format("unknown key {}: there are prompts, prompts_file, options, settings and grid", key));
      }
    }
  }

 private:
  [[noreturn]] void reject(const YAML::Node& node, std::string_view reason) const {
    throw Error(ErrorKind::data, "{} line {}: {}", path_, std::max(node.Mark().line, 0) + 1, reason);
  }

  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar()) reject(node, "a text or a number is expected");
    return node.Scalar();
  }

  std::vector<std::string> texts(const YAML::Node& node) const {  // one may stand for a list
    if (node.IsScalar()) return {node.Scalar()};
    if (!node.IsSequence()) reject(node, "a list is expected");
    std::vector<std::string> list;
    for (const auto& each : node) list.push_back(text(each));
    return list;
  }

  template <class Use>
  void for_each_option(const YAML::Node& node, Use use) const {
    if (!node.IsMap()) reject(node, "a map from options to values is expected");
    for (const auto& entry : node) {
      const OptionField* field = nullptr;
      try {
        field = &get(generation_fields(), text(entry.first));
      } catch (const Error& error) {
        throw Error(error.kind(), "{} line {}: {}", path_, entry.first.Mark().line + 1, error.what());
      }
      use(*field, entry.second);
    }
  }

  // A list is one text with commas, except for an option with many texts.
  std::vector<std::string> value_of(const OptionField& field, const YAML::Node& node) const {
    std::vector<std::string> list = texts(node);
    if (std::holds_alternative<const std::vector<std::string>*>(default_of(field))) return list;
    std::string joined;
    for (const std::string& each : list) {
      if (!joined.empty()) joined += ',';
      joined += each;
    }
    return {joined};
  }

  Axis axis(const OptionField& field, const YAML::Node& node) const {
    Axis axis{&field, {}};
    if (node.IsScalar()) return {&field, {{node.Scalar()}}};
    if (!node.IsSequence()) reject(node, fmt::format("a list of values is expected for {}", field.name));
    for (const auto& each : node) axis.values.push_back(value_of(field, each));
    return axis;
  }

  const std::string& path_;
  GridFile& grid_;
};

}  // namespace

GridFile parse_grid_file(const std::string& text, const std::string& path) {
  check_utf8(text, path);
  GridFile grid;
  try {
    Reader(path, grid).read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    const std::string reason = error.msg.substr(0, error.msg.find('\n'));  // it may quote a line's end
    throw Error(ErrorKind::data, "{} line {} is not YAML: {}", path, error.mark.line + 1, reason);
  }
  return grid;
}

GridFile read_grid_file(const std::string& path) {
  const Input file(path, "description of a sweep", kMostRulesBytes);
  return parse_grid_file(std::string(file.bytes()), path);
}

}  // namespace decant
