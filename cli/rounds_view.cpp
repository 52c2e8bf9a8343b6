// Tested by tests/cli/rounds_view_test.cpp.
#include "cli/rounds_view.h"

#include <fmt/format.h>

#include <span>

#include "strategies/speculative_trace.h"

namespace decant {
namespace {

constexpr int kLeft = 22;  // columns before the tokens

std::string name_of(Token token, const Vocab& vocab) {
  const std::string_view bytes = vocab.bytes(token);
  return shown(bytes.empty() ? vocab.piece(token) : bytes);  // special tokens add no text, but have a name
}

struct Piece {
  std::string plain, styled;
};

// A token, before it the guesses that it stands in place of.
std::vector<Piece> pieces_of(const WrittenToken& written, const TreeStyle& how) {
  const std::string name = name_of(written.token, how.vocab);
  const SpeculativeTrace* trace = written.speculation.get();
  if (!trace) return {{name, name}};
  if (trace->verdict == "accepted") return {{"+" + name, how.style.accepted("+" + name)}};
  if (trace->verdict == "bonus") return {{"*" + name, how.style.chosen("*" + name)}};
  std::vector<Piece> pieces;
  for (const SpeculativeTrace::Drafted& each : trace->drafted) {
    const std::string guess = "x" + name_of(each.token, how.vocab);
    pieces.push_back({guess, how.style.rejected(guess)});
  }
  pieces.push_back({">" + name, how.style.resampled(">" + name)});
  return pieces;
}

int kept_in(std::span<const WrittenToken> round) {
  int kept = 0;
  for (const WrittenToken& each : round) kept += each.speculation && each.speculation->verdict == "accepted" ? 1 : 0;
  return kept;
}

// As many lines as its tokens need.
std::string line_of(int number, std::span<const WrittenToken> round, const TreeStyle& how) {
  const int guesses = round[0].speculation ? round[0].speculation->guesses : 0;
  std::string text = fmt::format("{:>5} {:>8} {:>5}  ", number, guesses, kept_in(round));
  int used = kLeft;
  for (const WrittenToken& each : round) {
    for (const Piece& piece : pieces_of(each, how)) {
      const int width = columns(piece.plain);
      if (used > kLeft && used + 1 + width > how.width) {
        text += "\n" + std::string(kLeft, ' ');
        used = kLeft;
      }
      text += (used > kLeft ? " " : "") + piece.styled;
      used += width + (used > kLeft ? 1 : 0);
    }
  }
  return text + "\n";
}

// Tokens up to the next round's first.
std::size_t length_of_round(std::span<const WrittenToken> rest) {
  std::size_t n = 1;
  while (rest[0].speculation && n < rest.size() && rest[n].speculation && rest[n].speculation->depth > 0) ++n;
  return n;
}

std::string rounds_of(std::span<const WrittenToken> rest, const TreeStyle& how) {
  std::string text = how.style.quiet(fmt::format("{:>5} {:>8} {:>5}", "round", "guessed", "kept")) + "\n";
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t n = length_of_round(rest);
    text += line_of(number, rest.first(n), how);
    rest = rest.subspan(n);
  }
  return text;
}

}  // namespace

std::string show_rounds(const WrittenTexts& texts, const TreeStyle& how) {
  std::string text;
  for (const auto& [sequence, tokens] : texts) {
    if (texts.size() > 1) text += how.style.bold(fmt::format("text {} of {}", sequence + 1, texts.size())) + "\n";
    text += rounds_of(tokens, how);
  }
  return text + how.style.accepted("+ guessed and kept") + "  " + how.style.rejected("x guessed in vain") + "  " +
         how.style.resampled("> in its place") + "  " + how.style.chosen("* behind all guesses") + "\n";
}

void RoundsView::decision(const Decision& decision) {
  texts_[decision.sequence].push_back(
      {decision.token, std::dynamic_pointer_cast<const SpeculativeTrace>(decision.strategy)});
}

}  // namespace decant
