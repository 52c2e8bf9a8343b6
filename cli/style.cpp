// Tested by tests/cli/style_test.cpp.
#include "cli/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"

namespace decant {
namespace {

struct Span {
  char32_t first, last;
};

// East Asian Width W and F (Unicode 15, UAX 11), gaps without assigned characters closed.
constexpr Span wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x1B2FB}, {0x1F004, 0x1F004},
    {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F265}, {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7F0}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
constexpr Span zero_width[] = {{0x0300, 0x036F}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
                               {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
                               {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}};
// Controls, and what steers the direction or the joining of its neighbours.
constexpr Span invisible[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},      {0x061C, 0x061C},
                              {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},  {0x2060, 0x206F},
                              {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};

template <std::size_t n>
bool is_in(char32_t c, const Span (&spans)[n]) {
  return std::any_of(std::begin(spans), std::end(spans),
                     [c](const Span& span) { return span.first <= c && c <= span.last; });
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

int columns_of(char32_t c) { return is_in(c, zero_width) ? 0 : is_in(c, wide) ? 2 : 1; }

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
  while (!utf8.empty()) {
    const std::size_t length = std::max<std::size_t>(character_length(utf8), 1);
    sum += columns_of(code_point(utf8.substr(0, length)));
    utf8.remove_prefix(length);
  }
  return sum;
}

std::string fit(std::string_view utf8, int width) {
  std::string text;
  int used = 0;
  if (columns(utf8) <= width) {
    text = utf8;
    used = columns(utf8);
  } else {
    while (!utf8.empty()) {
      const std::size_t length = std::max<std::size_t>(character_length(utf8), 1);
      const int next = columns_of(code_point(utf8.substr(0, length)));
      if (used + next > width - 1) break;
      text += utf8.substr(0, length);
      used += next;
      utf8.remove_prefix(length);
    }
    text += "…";
    ++used;
  }
  return text + std::string(static_cast<std::size_t>(std::max(width - used, 0)), ' ');
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
