// Tested by tests/cli/samples_view_test.cpp and chat_test.py.
#include "cli/samples_view.h"

#include <algorithm>

#include "base/utf8.h"
#include "cli/flow.h"
#include "cli/side_by_side.h"

namespace decant {
namespace {

constexpr int kHead = 2;      // lines above the texts
constexpr int kUnknown = 24;  // lines of a terminal that does not say

int lines_below_head() {
  const int lines = terminal_size(StandardStream::output).lines;
  return std::max((lines > 0 ? lines : kUnknown) - kHead - 2, 1);
}

}  // namespace

std::string show_samples(std::span<const std::string> texts, const Style& style, int width, int most) {
  const SideBySide layout{width};
  const auto plain = [](int, std::string_view text) { return std::string(text); };
  return layout.blocks(static_cast<int>(texts.size()), [&](int begin, int count, int columns) {
    std::vector<std::string> heads;
    std::vector<std::vector<std::string>> cells;
    for (int i = begin; i < begin + count; ++i) {
      heads.push_back(style.bold(fit(fmt::format("{}", i + 1), columns)));
      const FlowPiece piece{texts[static_cast<std::size_t>(i)]};
      std::vector<std::string> lines = flow(std::span(&piece, 1), columns, plain);
      if (most > 0 && std::ssize(lines) > most) lines.erase(lines.begin(), lines.end() - most);
      cells.push_back(std::move(lines));
    }
    return layout.row("", heads) + layout.rule(count, columns) + layout.lines(cells, columns);
  });
}

SamplesView::SamplesView(Output& output, const Vocab& vocab, const RunInfo& info, const Style& style)
    : output_(output), style_(style), lines_(output) {
  const int texts = info.config.num_return_sequences;
  live_ = can_redraw(StandardStream::output) && SideBySide{terminal_width()}.at_once(texts) == texts;
  texts_.resize(static_cast<std::size_t>(texts));
  for (int i = 0; i < texts; ++i) streams_.push_back(text_stream(info, vocab));
}

void SamplesView::token(int sequence, Token, std::string_view bytes) {
  const auto i = static_cast<std::size_t>(sequence);
  texts_[i] += streams_[i].push(bytes);
  if (live_ && lines_.are_due()) lines_.draw(show_samples(texts_, style_, terminal_width(), lines_below_head()));
}

void SamplesView::finished(int sequence, Stop stop) {
  const auto i = static_cast<std::size_t>(sequence);
  texts_[i] += streams_[i].finish(stop.cut);
}

void SamplesView::end(std::span<const Sequence> sequences) {
  lines_.wipe();
  std::vector<std::string> texts;
  for (const Sequence& each : sequences) texts.push_back(as_utf8(each.bytes));
  output_.write_styled(show_samples(texts, style_, terminal_width()));
}

}  // namespace decant
