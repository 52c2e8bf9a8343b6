#include "options/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/json_writer.h"

namespace decant {
namespace {

constexpr std::size_t longest_list = 30;  // of words that a help line shows

template <class T>
struct Traits {
  using Element = T;
  static constexpr bool is_list = false;
};
template <class T>
struct Traits<std::vector<T>> {
  using Element = T;
  static constexpr bool is_list = true;
};
template <class T>
struct Traits<std::optional<T>> : Traits<T> {};

template <class Pointer>
using TraitsOf = Traits<std::remove_const_t<std::remove_pointer_t<Pointer>>>;

// ---- what is allowed, in words

std::string number_requirement(std::string_view noun, const Range& range) {
  const bool has_low = std::isfinite(range.low), has_high = std::isfinite(range.high);
  if (range.low_is_open && has_high) {
    return fmt::format("{} greater than {} and at most {}", noun, range.low, range.high);
  }
  if (range.low_is_open) return fmt::format("{} greater than {}", noun, range.low);
  if (has_low && has_high) return fmt::format("{} from {} to {}", noun, range.low, range.high);
  if (has_low) return fmt::format("{} of at least {}", noun, range.low);
  return std::string(noun);
}

template <class Element>
std::string element_requirement(const Range& range, bool plural) {
  if constexpr (std::is_same_v<Element, bool>) return "true or false";
  if constexpr (std::is_same_v<Element, std::string>) {
    return range.words.empty() ? "a text that is not empty" : fmt::format("one of {}", fmt::join(range.words, ", "));
  }
  if constexpr (std::is_same_v<Element, double>) return number_requirement(plural ? "numbers" : "a number", range);
  return number_requirement(plural ? "whole numbers" : "a whole number", range);
}

bool looks_numeric(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

[[noreturn]] void reject(const FieldInfo& field, std::string_view text, std::string_view wanted) {
  const std::string_view quote = looks_numeric(text) ? "" : "'";
  const std::string_view near = closest(text, field.range.words);
  throw Error(ErrorKind::usage, "{} is {}{}{}: it must be {}{}", field.name, quote, text, quote, wanted,
              near.empty() ? "" : fmt::format(" (did you mean {}?)", near));
}

// ---- text to value

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && end == text.data() + text.size();
}

bool parse(std::string_view text, bool& truth) {
  const std::optional<bool> parsed = parse_boolean(text);
  truth = parsed.value_or(false);
  return parsed.has_value();
}

bool parse(std::string_view text, std::string& string) {
  string = text;
  return true;
}

bool parse(std::string_view text, std::vector<std::string>& list) {
  list.emplace_back(text);
  return true;
}

template <class Number>
bool parse(std::string_view text, std::vector<Number>& list) {
  for (;;) {
    const std::size_t comma = text.find(',');
    Number number = 0;
    if (!parse(text.substr(0, comma), number)) return false;
    list.push_back(number);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

template <class T>
bool parse(std::string_view text, std::optional<T>& value) {
  if (!value) value.emplace();
  return parse(text, *value);
}

// " and at most 2147483647" where the text is a number, but too large for its type.
template <class Element>
std::string type_limit(std::string_view text) {
  if constexpr (std::is_arithmetic_v<Element> && !std::is_same_v<Element, bool>) {
    Element number;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status == std::errc::result_out_of_range) {
      return fmt::format(" and at most {}", std::numeric_limits<Element>::max());
    }
  }
  return {};
}

// ---- range

template <class Number>
bool in_range(Number number, const Range& range) {
  const auto n = static_cast<double>(number);
  return std::isfinite(n) && n >= range.low && n <= range.high && !(range.low_is_open && n == range.low);
}

bool in_range(bool, const Range&) { return true; }

bool in_range(const std::string& text, const Range& range) {
  if (range.words.empty()) return !text.empty();
  return std::find(range.words.begin(), range.words.end(), text) != range.words.end();
}

template <class T>
bool in_range(const std::vector<T>& list, const Range& range) {
  return std::all_of(list.begin(), list.end(), [&](const T& element) { return in_range(element, range); });
}

template <class T>
bool in_range(const std::optional<T>& value, const Range& range) {
  return !value || in_range(*value, range);
}

// ---- value to text

std::string text_of(bool truth) { return truth ? "true" : "false"; }
std::string text_of(const std::string& text) { return text; }

template <class Number>
std::string text_of(const Number& number) {
  return fmt::format("{}", number);
}

template <class T>
std::string text_of(const std::vector<T>& list) {
  return fmt::format("{}", fmt::join(list, ","));
}

template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? text_of(*value) : "";
}

template <class T>
void write(JsonWriter& json, const T& value) {
  json.value(value);
}

template <class T>
void write(JsonWriter& json, const std::vector<T>& list) {
  json.begin_array();
  for (const T& element : list) json.value(element);
  json.end_array();
}

template <class T>
void write(JsonWriter& json, const std::optional<T>& value) {
  if (!value) {
    json.value(nullptr);
    return;
  }
  write(json, *value);
}

}  // namespace

void set_from_text(Slot slot, const FieldInfo& field, std::string_view text, bool append) {
  const auto set = [&]<class T>(T* target) {
    T value{};
    if (append && Traits<T>::is_list) value = *target;
    const bool ok = !text.empty() && parse(text, value) && in_range(value, field.range);
    if (!ok) reject(field, text, requirement(target, field) + type_limit<typename Traits<T>::Element>(text));
    *target = std::move(value);
  };
  std::visit(set, slot);
}

void check_range(Value value, const FieldInfo& field) {
  const auto check = [&](auto* target) {
    if (!in_range(*target, field.range)) reject(field, text_of(*target), requirement(value, field));
  };
  std::visit(check, value);
}

bool is_equal(Value a, Value b) {
  const auto equal = []<class A, class B>(const A* left, const B* right) {
    if constexpr (std::is_same_v<A, B>) return *left == *right;
    return false;
  };
  return std::visit(equal, a, b);
}

std::string to_text(Value value) {
  return std::visit([](auto* target) { return text_of(*target); }, value);
}

void write_json(JsonWriter& json, Value value) {
  std::visit([&](auto* target) { write(json, *target); }, value);
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return {};
}

bool is_boolean(Value value) {
  return std::visit([](auto* target) { return std::is_same_v<typename TraitsOf<decltype(target)>::Element, bool>; },
                    value);
}

std::string placeholder(Value value, const FieldInfo& field) {
  const auto word = [&](auto* target) -> std::string {
    using T = TraitsOf<decltype(target)>;
    if constexpr (std::is_same_v<typename T::Element, bool>) return "true|false";
    if constexpr (std::is_same_v<typename T::Element, double>) return T::is_list ? "X,X,..." : "X";
    if constexpr (std::is_same_v<typename T::Element, std::string>) {
      const std::string words = fmt::format("{}", fmt::join(field.range.words, "|"));
      return words.empty() ? "TEXT" : words.size() <= longest_list ? words : "NAME";
    }
    return T::is_list ? "N,N,..." : "N";
  };
  return std::visit(word, value);
}

std::string requirement(Value value, const FieldInfo& field) {
  const auto describe = [&](auto* target) {
    using T = TraitsOf<decltype(target)>;
    constexpr bool numbers = T::is_list && !std::is_same_v<typename T::Element, std::string>;
    const std::string one = element_requirement<typename T::Element>(field.range, numbers);
    return numbers ? one + ", separated by commas" : one;
  };
  return std::visit(describe, value);
}

}  // namespace decant
