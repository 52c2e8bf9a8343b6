// What can be done with any option struct, given its table: find a row, set and read values, check, write JSON.
//
// An option struct has in-class defaults and a member `Given given`, and `OwnValues own` if its table has rows of
// options that are no members of it; its table is a span of Field rows, each known by its name. Names are compared with
// dashes and underscores equal, with or without "--"; one-letter aliases keep their dash
// ("-n").
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "options/field.h"
#include "options/value.h"

namespace decant {

bool is_same_name(std::string_view a, std::string_view b);  // "--top-p" and "top_p" are one name
std::string dashed(std::string_view name);                  // "top_p" as a flag: "--top-p"

// Throws Error(usage): the two do not go together.
[[noreturn]] void reject_contradiction(std::string_view a, std::string_view b);

namespace table_detail {
template <class Options, class Type>
Value value(const Options& options, const FieldInfo&, Type Options::*member) {
  return &(options.*member);
}
template <class Options>
Value value(const Options& options, const FieldInfo& field, const OwnValue* by_default) {
  const OwnValue* own = nullptr;
  if constexpr (requires { options.own; }) own = options.own.find(field.name);
  return std::visit([](const auto& value) -> Value { return &value; }, own ? *own : *by_default);
}

template <class Options, class Type>
Slot slot(Options& options, const FieldInfo&, Type Options::*member) {
  return &(options.*member);
}
template <class Options>
Slot slot(Options& options, const FieldInfo& field, const OwnValue* by_default) {
  if constexpr (requires { options.own; }) {
    return std::visit([](auto& value) -> Slot { return &value; }, options.own.at(field.name, *by_default));
  }
  throw Error(ErrorKind::internal, "{} has no place in its struct", field.name);
}
}  // namespace table_detail

template <class Options>
Value value_of(const Options& options, const Field<Options>& field) {
  return std::visit([&](auto member) { return table_detail::value(options, field, member); }, field.member);
}

template <class Options>
Value default_of(const Field<Options>& field) {
  static const Options defaults{};
  return value_of(defaults, field);
}

// The row with this name or alias; null if there is none.
template <class Options>
const Field<Options>* find(Fields<Options> table, std::string_view name) {
  const auto matches = [&](std::string_view other) { return is_same_name(name, other); };
  const auto named = [&](const Field<Options>& field) {
    const auto others = aliases(field);
    return matches(field.name) || std::any_of(others.begin(), others.end(), matches);
  };
  const auto row = std::find_if(table.begin(), table.end(), named);
  return row == table.end() ? nullptr : &*row;
}

// The same, or Error(usage) with what may have been meant.
template <class Options>
const Field<Options>& get(Fields<Options> table, std::string_view name) {
  if (const Field<Options>* field = find(table, name)) return *field;
  std::vector<std::string_view> names;
  for (const Field<Options>& field : table) names.push_back(field.name);
  const std::string_view near = closest(name, names);
  throw Error(ErrorKind::usage, "unknown option {}{}", name,
              near.empty() ? "" : fmt::format(": did you mean {}?", near));
}

template <class Options>
bool is_given(const Options& options, const Field<Options>& field) {
  return options.given.test(field.name);
}

// Given, or changed directly in the struct.
template <class Options>
bool is_set(const Options& options, const Field<Options>& field) {
  return is_given(options, field) || !is_equal(value_of(options, field), default_of(field));
}

// Sets a value from text and marks it as given. A list that was given before grows: `--stop A --stop B`.
template <class Options>
void set(Options& options, const Field<Options>& field, std::string_view text) {
  const Slot slot = std::visit([&](auto member) { return table_detail::slot(options, field, member); }, field.member);
  set_from_text(slot, field, text, is_given(options, field));
  options.given.set(field.name);
}

// Back to the default, and not given.
template <class Options>
void reset(Options& options, const Field<Options>& field) {
  const auto assign = [&](auto member) {
    if constexpr (std::is_same_v<decltype(member), const OwnValue*>) {
      if constexpr (requires { options.own; }) options.own.erase(field.name);
    } else {
      static const Options defaults{};
      options.*member = defaults.*member;
    }
  };
  std::visit(assign, field.member);
  options.given.reset(field.name);
}

// Throws Error(usage) for the first value outside its range. Defaults are in range by definition.
template <class Options>
void check_ranges(Fields<Options> table, const Options& options) {
  for (const Field<Options>& field : table) {
    const Value value = value_of(options, field);
    if (!is_equal(value, default_of(field))) check_range(value, field);
  }
}

// {"strategy":"","max_new_tokens":256,...}: every row, null where not set.
template <class Options>
void write_json(JsonWriter& json, Fields<Options> table, const Options& options) {
  json.begin_object();
  for (const Field<Options>& field : table) {
    json.key(field.name);
    write_json(json, value_of(options, field));
  }
  json.end_object();
}

}  // namespace decant
