// Tested by tests/cli/flow_test.cpp.
#include "cli/flow.h"

#include "cli/style.h"

namespace decant {
namespace {

struct Glyph {
  std::string text;
  int columns = 0, look = 0;
  bool blank = false, breaks = false;
};

std::vector<Glyph> glyphs_of(std::span<const FlowPiece> pieces) {
  std::vector<Glyph> glyphs;
  for (const FlowPiece& piece : pieces) {
    for (std::string_view rest = piece.text; !rest.empty();) {
      const std::string_view character = first_character(rest);
      rest.remove_prefix(character.size());
      const bool plain = character == "\"" || character == "\\";  // quotes need no escape here
      std::string shown = plain ? std::string(character) : harmless(character);
      const int width = columns(shown);
      glyphs.push_back({std::move(shown), width, piece.look, character == " ", character == "\n"});
    }
  }
  return glyphs;
}

// Runs of one look in one piece.
std::string render(std::span<const Glyph> line, int width, const Paint& paint) {
  std::string text, run;
  int used = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    run += line[i].text;
    used += line[i].columns;
    if (i + 1 < line.size() && line[i + 1].look == line[i].look) continue;
    text += paint(line[i].look, run);
    run.clear();
  }
  return text + std::string(static_cast<std::size_t>(std::max(width - used, 0)), ' ');
}

// How many glyphs the line takes: up to a line end, or as many as fit, if possible up to the last blank.
std::size_t line_length(std::span<const Glyph> glyphs, int width) {
  std::size_t last_blank = 0;
  int used = 0;
  for (std::size_t i = 0; i < glyphs.size(); ++i) {
    used += glyphs[i].columns;
    if (used > width && glyphs[i].blank) return i;
    if (used > width) return last_blank > 0 ? last_blank : std::max<std::size_t>(i, 1);
    if (glyphs[i].breaks) return i + 1;
    if (glyphs[i].blank) last_blank = i;
  }
  return glyphs.size();
}

}  // namespace

std::vector<std::string> flow(std::span<const FlowPiece> pieces, int width, const Paint& paint) {
  const std::vector<Glyph> all = glyphs_of(pieces);
  std::vector<std::string> lines;
  for (std::span<const Glyph> rest = all; !rest.empty();) {
    const std::size_t length = line_length(rest, width);
    lines.push_back(render(rest.first(length), width, paint));
    const bool at_blank = length < rest.size() && rest[length].blank && !rest[length - 1].breaks;
    rest = rest.subspan(length + (at_blank ? 1 : 0));
  }
  return lines;
}

}  // namespace decant
