// The option tables: what there is, and one request's values.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <map>

#include "base/json_writer.h"
#include "options/model_options.h"
#include "options/table.h"
#include "python/bindings.h"
#include "strategies/resolve.h"

namespace nb = nanobind;

namespace decant {
namespace {

struct PythonField {
  std::string name, group, type, doc, when, by_default;
  std::vector<std::string> choices, aliases;
  bool given_as_list = false;
};

template <class T>
struct PythonType;
template <>
struct PythonType<bool> {
  static constexpr const char* name = "bool";
};
template <>
struct PythonType<int> {
  static constexpr const char* name = "int";
};
template <>
struct PythonType<std::uint64_t> {
  static constexpr const char* name = "int";
};
template <>
struct PythonType<double> {
  static constexpr const char* name = "float";
};
template <>
struct PythonType<std::string> {
  static constexpr const char* name = "str";
};
template <class T>
struct PythonType<std::optional<T>> : PythonType<T> {};
template <class T>
struct PythonType<std::vector<T>> : PythonType<T> {
  static constexpr bool is_list = true;
};
template <class T>
struct PythonType<std::optional<std::vector<T>>> : PythonType<std::vector<T>> {};

template <class Options>
std::vector<PythonField> fields_of(Fields<Options> table) {
  std::vector<PythonField> fields;
  for (const Field<Options>& row : table) {
    PythonField& field = fields.emplace_back();
    field.name = row.name;
    field.group = row.group;
    field.doc = row.doc;
    field.when = row.when;
    field.by_default = to_text(default_of(row));
    const auto words = row.range.choices ? row.range.choices() : row.range.words;
    field.choices.assign(words.begin(), words.end());
    for (const std::string_view alias : aliases(row)) field.aliases.emplace_back(alias);
    const auto describe = [&]<class T>(const T*) {
      field.type = PythonType<T>::name;
      field.given_as_list = requires { PythonType<T>::is_list; };
    };
    std::visit(describe, default_of(row));
  }
  return fields;
}

void set_option(PythonOptions& options, std::string_view name, const std::vector<std::string>& texts) {
  const auto& field = get(generation_fields(), name);
  reset(options.config, field);
  for (const std::string& text : texts) set(options.config, field, text);
}

std::string json_of(const PythonOptions& options) {
  JsonWriter json;
  write_json(json, generation_fields(), options.config);
  return json.text();
}

}  // namespace

void bind_options(nb::module_& module) {
  nb::class_<PythonField>(module, "Field", "One row of an option table: all that is said about an option.")
      .def_ro("name", &PythonField::name)
      .def_ro("group", &PythonField::group)
      .def_ro("type", &PythonField::type, "bool, int, float or str; of an element, where given_as_list")
      .def_ro("given_as_list", &PythonField::given_as_list)
      .def_ro("choices", &PythonField::choices, "the words that it may be; none: anything of its type")
      .def_ro("default", &PythonField::by_default, "as text")
      .def_ro("doc", &PythonField::doc)
      .def_ro("when", &PythonField::when, "when to change it")
      .def_ro("aliases", &PythonField::aliases);
  module.def(
      "generation_fields", [] { return fields_of(generation_fields()); }, "The options of a generation.");
  module.def(
      "model_fields", [] { return fields_of(model_fields()); }, "The options of a model.");
  module.def(
      "strategies",
      [] {
        std::vector<std::string> names;
        for (const StrategyRow* row : strategies()) names.emplace_back(row->name);
        return names;
      },
      "The names of all strategies.");
  nb::class_<PythonOptions>(module, "Options", "The options of one generation.")
      .def(nb::init<>())
      .def("__copy__", [](const PythonOptions& self) { return PythonOptions(self); })
      .def("set", set_option, nb::arg("name"), nb::arg("texts"),
           "Sets an option from its text, or a list from one text for each element. Raises Error(usage).")
      .def(
          "strategy", [](const PythonOptions& self) { return std::string(resolve_strategy(self.config).name); },
          "The strategy that the options ask for. Raises Error(usage) where they contradict each other.")
      .def("json", json_of, "Every option, as one JSON object.");
}

}  // namespace decant
