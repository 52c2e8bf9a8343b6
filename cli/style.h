// Colour on a terminal, and text that cannot do anything there but be read.
#pragma once

#include <string>
#include <string_view>

namespace decant {

// "auto": on a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours files too. Throws Error(usage)
// for anything but auto, always and never.
bool wants_color(std::string_view mode, bool is_terminal);

class Style {
 public:
  explicit Style(bool color) : color_(color) {}

  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string quiet(std::string_view text) const { return paint("90", text); }  // what was cut
  std::string underlined(std::string_view text) const { return paint("4", text); }
  std::string chosen(std::string_view text) const { return paint("1;34", text); }
  std::string logit(std::string_view text) const { return paint("36", text); }
  std::string probability(std::string_view text) const { return paint("34", text); }
  std::string accepted(std::string_view text) const { return paint("32", text); }  // verdicts on guesses
  std::string rejected(std::string_view text) const { return paint("31", text); }
  std::string resampled(std::string_view text) const { return paint("35", text); }  // in place of a refused guess
  // A token of this probability: none for likely ones, one hue for the others, the stronger the less they were
  // expected.
  std::string tinted(double p, std::string_view text) const;

 private:
  std::string paint(std::string_view code, std::string_view text) const;
  bool color_;
};

// A token's bytes in quotes, every byte visible: blanks as they are, line ends and tabs as symbols, other control and
// formatting characters as \u{202E}, bytes that are no character by themselves as \xE2.
std::string shown(std::string_view bytes);
std::string harmless(std::string_view bytes);  // the same without the quotes

int columns(std::string_view utf8);  // that a terminal needs for it

std::string_view first_columns(std::string_view utf8, int width);  // as much of its beginning as fits
std::string_view last_columns(std::string_view utf8, int width);   // as much of its end
std::string fit_end(std::string_view utf8, int width);             // the same with "…" before it if anything is cut

std::string_view first_character(std::string_view utf8);  // a byte that is part of none counts as one

// Lines of at most `width` columns, broken at blanks where there are any; from the second one on they begin with
// `indent` blanks, which count. Line ends stay.
std::string wrap(std::string_view utf8, int width, int indent = 0);

// Cut with "…" or filled with blanks to exactly `width` columns.
std::string fit(std::string_view utf8, int width);
std::string fit_right(std::string_view utf8, int width);  // the blanks first

// A bar of at most `width` columns, in eighths of a column; `fraction` in [0, 1]. A fraction above 0 shows something.
std::string bar(double fraction, int width);
std::string bar_leftwards(double fraction, int width);  // grows to the left, in halves of a column; filled with blanks

}  // namespace decant
