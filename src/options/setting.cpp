// Tested by tests/options/setting_test.cpp.
#include "options/setting.h"

#include <algorithm>
#include <vector>

#include "options/table.h"

namespace decant {
namespace {

constexpr std::string_view separators = " ,;";
constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz_-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// The length of "name" in "name=..." at the beginning of the text; 0 if it does not begin like that.
std::size_t name_length(std::string_view text) {
  const std::size_t end = text.find_first_not_of(name_letters);
  return end != text.npos && text[end] == '=' ? end : 0;
}

// At its end.
std::string_view without_separators(std::string_view text) {
  return text.substr(0, text.find_last_not_of(separators) + 1);
}

std::string_view trim(std::string_view text) {
  return without_separators(text.substr(std::min(text.find_first_not_of(separators), text.size())));
}

// Where the next "name=" of an option begins, behind a separator.
std::size_t next_option(std::string_view text, std::size_t from) {
  for (std::size_t at = from; (at = text.find_first_of(separators, at)) != text.npos; ++at) {
    const std::string_view rest = text.substr(at + 1);
    const std::size_t length = name_length(rest);
    if (length > 0 && find(generation_fields(), rest.substr(0, length))) return at;
  }
  return text.size();
}

}  // namespace

bool looks_like_setting(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != text.npos && text.find('=') > colon) text.remove_prefix(colon + 1);
  text = trim(text);
  const std::size_t length = name_length(text);
  return length > 0 && find(generation_fields(), text.substr(0, length));
}

Setting parse_setting(std::string_view text, const GenerationConfig& base) {
  Setting setting{std::string(trim(text)), base};
  const std::size_t colon = text.find(':');
  if (colon != text.npos && colon < text.find('=')) {
    setting.label = trim(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  text = trim(text);
  const auto table = generation_fields();
  Given seen;
  while (!text.empty()) {
    const std::size_t length = name_length(text);
    if (length == 0) {
      throw Error(ErrorKind::usage, "the setting '{}' has '{}' where option=value is expected", setting.label, text);
    }
    const std::size_t end = next_option(text, length + 1);
    const auto& field = get(table, text.substr(0, length));
    if (!seen.test(field.name)) setting.config.given.reset(field.name);  // a list replaces the base's
    seen.set(field.name);
    set(setting.config, field, without_separators(text.substr(length + 1, end - length - 1)));
    text = trim(text.substr(end));
  }
  return setting;
}

}  // namespace decant
