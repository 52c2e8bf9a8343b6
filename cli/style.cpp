// Tested by tests/cli/style_test.cpp.
#include "cli/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/character_widths.h"

namespace decant {
namespace {

// Controls, and what steers the direction or the joining of its neighbours.
constexpr CharacterSpan invisible[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},      {0x061C, 0x061C},
                                       {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},  {0x2060, 0x206F},
                                       {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};

constexpr CharacterSpan emoji_modifiers = {0x1F3FB, 0x1F3FF};  // skin colours, joined to the emoji before them

bool is_in(char32_t c, std::span<const CharacterSpan> spans) {  // in rising order
  const auto after = std::upper_bound(spans.begin(), spans.end(), c,
                                      [](char32_t code, const CharacterSpan& span) { return code < span.first; });
  return after != spans.begin() && c <= std::prev(after)->last;
}

// The bytes of the character that the text begins with; 0 if it begins with none.
std::size_t character_length(std::string_view text) {
  for (std::size_t n = 1; n <= std::min<std::size_t>(4, text.size()); ++n) {
    if (is_valid_utf8(text.substr(0, n))) return n;
  }
  return 0;
}

char32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  char32_t c = byte(0) & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) c = (c << 6) | (byte(i) & 0x3Fu);
  return c;
}

// The characters of a text in turn, and the columns of each; a byte that is part of none stands for one.
class Characters {
 public:
  explicit Characters(std::string_view text) : rest_(text) {}

  bool next() {
    rest_.remove_prefix(character.size());
    if (rest_.empty()) return false;
    character = first_character(rest_);
    const char32_t c = code_point(character);
    const bool joined = columns == 2 && is_in(c, {&emoji_modifiers, 1});
    columns = joined || is_in(c, zero_width_characters) ? 0 : is_in(c, wide_characters) ? 2 : 1;
    return true;
  }

  std::string_view character;
  int columns = 0;

 private:
  std::string_view rest_;
};

std::string shown_character(std::string_view character) {
  const char32_t c = code_point(character);
  if (c == '\n') return "↵";
  if (c == '\t') return "⇥";
  if (c == '\\' || c == '"') return fmt::format("\\{}", character);
  if (is_in(c, invisible)) return fmt::format("\\u{{{:X}}}", static_cast<unsigned>(c));
  return std::string(character);
}

}  // namespace

bool wants_color(std::string_view mode, bool is_terminal) {
  if (mode == "always") return true;
  if (mode == "never") return false;
  if (mode != "auto") throw Error(ErrorKind::usage, "--color is '{}': it must be auto, always or never", mode);
  const auto variable = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (!variable("NO_COLOR").empty()) return false;
  if (const auto force = variable("CLICOLOR_FORCE"); !force.empty() && force != "0") return true;
  return is_terminal && variable("TERM") != "dumb";
}

std::string Style::paint(std::string_view code, std::string_view text) const {
  const std::size_t end = text.find_last_not_of(' ') + 1;  // blanks stay outside: the end of a line can be trimmed
  if (!color_ || end == 0) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m{}", code, text.substr(0, end), text.substr(end));
}

std::string Style::tinted(double p, std::string_view text) const {
  struct Tint {
    double below;
    std::string_view code;
  };
  constexpr Tint tints[] = {{0.01, "1;38;5;202"}, {0.05, "38;5;208"}, {0.2, "38;5;214"}, {0.5, "38;5;222"}};
  for (const Tint& tint : tints) {
    if (p < tint.below) return paint(tint.code, text);
  }
  return std::string(text);
}

std::string shown(std::string_view bytes) { return fmt::format("\"{}\"", harmless(bytes)); }

std::string harmless(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) {
      text += fmt::format("\\x{:02X}", static_cast<unsigned char>(bytes[0]));
    } else {
      text += shown_character(bytes.substr(0, length));
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

int columns(std::string_view utf8) {
  int sum = 0;
  for (Characters each(utf8); each.next();) sum += each.columns;
  return sum;
}

std::string_view first_character(std::string_view utf8) {
  return utf8.substr(0, std::max<std::size_t>(character_length(utf8), 1));
}

std::string_view first_columns(std::string_view utf8, int width) {
  std::size_t size = 0;
  for (Characters each(utf8); each.next(); size += each.character.size()) {
    if ((width -= each.columns) < 0) break;
  }
  return utf8.substr(0, size);
}

std::string_view last_columns(std::string_view utf8, int width) {
  const int surplus = columns(utf8) - width;
  if (surplus <= 0) return utf8;
  std::size_t begin = 0;
  int left_out = 0;
  for (Characters each(utf8); each.next(); begin += each.character.size()) {
    if (left_out >= surplus && each.columns > 0) break;  // a mark goes with the character that it is drawn onto
    left_out += each.columns;
  }
  return utf8.substr(begin);
}

std::string wrap(std::string_view utf8, int width, int indent) {
  indent = std::clamp(indent, 0, std::max(width - 20, 0));  // something must still fit behind it
  const std::string next_line = "\n" + std::string(static_cast<std::size_t>(indent), ' ');
  std::string text;
  int used = 0;
  while (!utf8.empty()) {
    const bool blank = utf8[0] == ' ', line_end = utf8[0] == '\n';
    const std::size_t length = blank || line_end ? 1 : std::min(utf8.find_first_of(" \n"), utf8.size());
    std::string_view word = utf8.substr(0, length);
    utf8.remove_prefix(length);
    const std::size_t next = blank ? std::min(utf8.find_first_of(" \n"), utf8.size()) : 0;
    if (line_end || (blank && used + 1 + columns(utf8.substr(0, next)) > width && used > indent)) {
      text += line_end ? "\n" : next_line;
      used = line_end ? 0 : indent;
      continue;
    }
    for (; used + columns(word) > width; used = indent) {  // longer than a line
      const std::string_view part = first_columns(word, std::max(width - used, 1));
      text += part;
      word.remove_prefix(part.size());
      text += next_line;
    }
    text += word;
    used += columns(word);
  }
  return text;
}

std::string fit(std::string_view utf8, int width) {
  if (width <= 0) return "";
  const bool fits = columns(utf8) <= width;
  const std::string text = fits ? std::string(utf8) : fmt::format("{}…", first_columns(utf8, width - 1));
  return text + std::string(static_cast<std::size_t>(width - columns(text)), ' ');
}

std::string fit_end(std::string_view utf8, int width) {
  if (width <= 0) return "";
  return columns(utf8) <= width ? std::string(utf8) : fmt::format("…{}", last_columns(utf8, width - 1));
}

std::string fit_right(std::string_view utf8, int width) {
  const int space = width - columns(utf8);
  return space > 0 ? std::string(static_cast<std::size_t>(space), ' ') + std::string(utf8) : fit(utf8, width);
}

std::string bar(double fraction, int width) {
  constexpr std::array<std::string_view, 8> part = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int eighths = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * 8 * width));
  if (fraction > 0) eighths = std::max(eighths, 1);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  return text.append(part[static_cast<std::size_t>(eighths % 8)]);
}

std::string bar_leftwards(double fraction, int width) {
  int halves = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * 2 * width));
  if (fraction > 0) halves = std::max(halves, 1);
  std::string text(static_cast<std::size_t>(width - (halves + 1) / 2), ' ');
  if (halves % 2 == 1) text += "▐";
  for (int i = 0; i < halves / 2; ++i) text += "█";
  return text;
}

}  // namespace decant
