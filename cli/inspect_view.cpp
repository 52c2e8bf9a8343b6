// Tested by tests/cli/inspect_view_test.cpp.
#include "cli/inspect_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decant {
namespace {

std::string_view text_of(Token id, const Vocab& vocab) {
  const std::string_view bytes = vocab.bytes(id);
  return bytes.empty() ? vocab.piece(id) : bytes;  // special tokens add no text, but have a name
}

// In 8 columns.
std::string number(float logit) {
  const std::string text = fmt::format("{:>8.3f}", logit);
  return text.size() <= 8 ? text : fmt::format("{:>8.1e}", logit);
}

std::string percent(double p) {
  if (p == 0) return "0%";
  return p >= 0.0001 ? fmt::format("{:.2f}%", 100 * p) : fmt::format("{:.0e}", p);
}

// In the width of the view, each line coloured by itself.
std::string quiet_lines(std::string_view sentence, const InspectView& view) {
  const std::string broken = wrap(sentence, view.width, 2);
  std::string text;
  for (std::string_view rest = broken; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    text += view.style.quiet(line) + "\n";
  }
  return text;
}

// What each processor did: "temperature · top_k keeps 50, cuts 9.99% · top_p keeps 27, cuts 9.62%".
std::string pipeline(const Decision& decision, int n_vocab) {
  std::string text;
  int before = n_vocab;
  for (const ChainTrace::Stage& stage : decision.stages) {
    if (!text.empty()) text += " · ";
    text += stage.name;
    if (stage.kept < before) text += fmt::format(" keeps {}, cuts {}", stage.kept, percent(stage.removed_mass));
    before = stage.kept;
  }
  return text.empty() ? "no processor" : text;
}

std::string readouts(const Decision& decision, int n_vocab) {
  std::string text = fmt::format("entropy {:.2f} bits (model {:.2f}) · kept {} of {}", decision.entropy,
                                 decision.entropy_raw, decision.kept, n_vocab);
  const auto sum_of = [](const Entrant& each) {
    return fmt::format("{:.2f} {} {:.2f} = {:.2f}", each.score, each.noise < 0 ? "-" : "+", std::abs(each.noise),
                       each.sum());
  };
  if (!decision.race.empty()) text += " · draw " + sum_of(decision.race[0]);
  if (decision.race.size() > 1) text += " against " + sum_of(decision.race[1]);
  return text;
}

// Lines broken at " · " where they would be longer than the view is wide.
std::string wrapped(const std::string& text, int width) {
  static constexpr std::string_view dot = " · ";
  std::string result, line;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(dot, begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    if (!line.empty() && columns(line) + columns(part) + 3 > width) {
      result += line + "\n";
      line = "  " + part;
    } else {
      line += line.empty() ? part : std::string(dot) + part;
    }
    begin = end + dot.size();
  }
  return wrap(result + line, width, 2) + "\n";
}

// The processor that pushed a token to where another one cut it: of those before that one, the one behind which most
// tokens had overtaken it; empty if none had.
std::string_view pushed_by(const Decision& decision, const TraceCandidate& row) {
  const auto is_it = [&](const TraceCandidate& each) { return each.id == row.id; };
  const auto place =
      static_cast<std::size_t>(std::find_if(decision.top.begin(), decision.top.end(), is_it) - decision.top.begin());
  if (place == decision.top.size()) return "";
  const auto overtaken = [&](std::size_t stage) {  // before the stage
    const auto score = [&](std::size_t i) {
      return stage == 0 ? decision.top[i].logit : decision.stage_scores[stage - 1][i];
    };
    int count = 0;
    for (std::size_t i = 0; i < decision.top.size(); ++i) count += score(i) > score(place) ? 1 : 0;
    return count;
  };
  std::string_view name;
  int most = 0;
  for (std::size_t i = 0; i < decision.stage_scores.size() && decision.stages[i].name != row.cut_by; ++i) {
    const int more = overtaken(i + 1) - overtaken(i);
    if (more <= most) continue;
    most = more;
    name = decision.stages[i].name;
  }
  return name;
}

std::string why_cut(const Decision& decision, const TraceCandidate& row) {
  if (row.cut_by.empty()) return "";
  const std::string_view cause = pushed_by(decision, row);
  return cause.empty() ? fmt::format("cut by {}", row.cut_by) : fmt::format("{}, cut by {}", cause, row.cut_by);
}

// The first candidates, and the chosen one, which need not be listed.
std::vector<TraceCandidate> rows_of(const Decision& decision, int n) {
  std::vector<TraceCandidate> rows;
  bool has_chosen = false;
  for (const TraceCandidate& each : decision.top) {
    const bool is_chosen = each.id == decision.token;
    if (std::ssize(rows) < n || is_chosen) rows.push_back(each);
    has_chosen |= is_chosen;
  }
  if (!has_chosen) {
    rows.push_back({.id = decision.token, .logit = static_cast<float>(decision.logit), .p = decision.p, .cut_by = {}});
  }
  return rows;
}

struct Scale {
  double low, high;
  double operator()(double logit) const { return high > low ? (logit - low) / (high - low) : 1; }
};

// From a little under the lowest logit on show, so that it has a bar too.
Scale scale_of(std::span<const TraceCandidate> rows) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const TraceCandidate& each : rows) {
    const auto logit = static_cast<double>(each.logit);
    if (!std::isfinite(logit)) continue;
    low = std::min(low, logit);
    high = std::max(high, logit);
  }
  return {low - 0.05 * (high - low), high};
}

// Columns of a view, by its width: a narrow one has no bars of logits, and shorter tokens.
struct Layout {
  explicit Layout(int width)
      : left(width < 60 ? 0 : 12),
        token(std::clamp(width - 28, 6, 20)),
        compared_token(std::clamp(width - 28, 6, 14)),
        right(width - 9 - left - 3 - token - 1) {}
  int left, token, compared_token, right;
};

std::string left_wing(const TraceCandidate& row, const Scale& scale, const InspectView& view) {
  if (Layout(view.width).left == 0) return number(row.logit) + " ";
  const auto logit = static_cast<double>(row.logit);
  const std::string wing = bar_leftwards(std::isfinite(logit) ? scale(logit) : 0, 12);
  return number(row.logit) + " " + (row.p > 0 ? view.style.logit(wing) : view.style.quiet(wing));
}

std::string middle(const TraceCandidate& row, bool is_chosen, int width, const InspectView& view) {
  const std::string text = fit(shown(text_of(row.id, view.vocab)), width);
  if (is_chosen) return " > " + view.style.chosen(text);
  return row.p > 0 ? "   " + text : " x " + view.style.quiet(text);
}

// Probability and bar; `width` columns. `most` fills the wing, `mark` says that it is what this setting chooses.
std::string right_wing(const TraceCandidate& row, bool is_chosen, bool mark, double most, int width,
                       const InspectView& view) {
  const std::string wing = fit(bar(row.p / most, std::max(width - 9, 0)), width - 9);
  return fmt::format("{}{:>7} ", is_chosen && mark ? ">" : " ", percent(row.p)) +
         (is_chosen ? view.style.chosen(wing) : view.style.probability(wing));
}

std::string trimmed(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

constexpr int narrowest_wing = 2 + 12;

int left_of_wings(const InspectView& view) { return 9 + 3 + Layout(view.width).compared_token; }

// One setting's wing of a row.
std::string compared_wing(const TraceCandidate& row, const Decision& decision, double most, int width,
                          const InspectView& view) {
  const auto same =
      std::find_if(decision.top.begin(), decision.top.end(), [&](const auto& c) { return c.id == row.id; });
  if (same == decision.top.end()) return std::string(static_cast<std::size_t>(width), ' ');
  if (same->p == 0) return view.style.quiet(fit(why_cut(decision, *same), width));
  return right_wing(*same, same->id == decision.token, true, most, width, view);
}

// Several settings abreast, as many as the view is wide enough for.
std::string show_wings(std::span<const TraceCandidate> rows, Token chosen, std::span<const Decision* const> decisions,
                       std::span<const std::string> labels, double most, const InspectView& view) {
  const int n = static_cast<int>(decisions.size()), token_width = Layout(view.width).compared_token;
  const int wing = (view.width - left_of_wings(view)) / n - 2;
  std::string line = fmt::format("{:>8}    {}", "logit", fit("token", token_width));
  for (const std::string& label : labels) line += "  " + fit(harmless(label), wing);
  std::string text = trimmed(view.style.quiet(line));
  for (const TraceCandidate& row : rows) {
    line = number(row.logit) + " " + middle(row, row.id == chosen, token_width, view);
    for (const Decision* each : decisions) line += "  " + compared_wing(row, *each, most, wing, view);
    text += trimmed(line);
  }
  return text;
}

// The first one's rows, and what the others choose.
std::vector<TraceCandidate> rows_of_all(std::span<const Decision* const> decisions, int n) {
  std::vector<TraceCandidate> rows = rows_of(*decisions[0], n);
  for (const Decision* each : decisions.subspan(1)) {
    const auto is_its = [&](const TraceCandidate& row) { return row.id == each->token; };
    if (std::any_of(rows.begin(), rows.end(), is_its)) continue;
    for (const Decision* source : {decisions[0], each}) {
      const auto found = std::find_if(source->top.begin(), source->top.end(), is_its);
      if (found == source->top.end()) continue;
      rows.push_back(*found);
      break;
    }
  }
  return rows;
}

std::string heading(const Decision& decision, std::string_view before, const InspectView& view) {
  const std::string position = fmt::format("position {}", decision.position);
  const int room = view.width - columns(position) - 1;
  before.remove_prefix(before.size() - std::min(before.size(), 8 * static_cast<std::size_t>(room)));
  // may begin inside a character now, but far to the left of what is shown
  const std::string text = fit_end(harmless(before), room - 1);
  return view.style.bold(fit(text + "▮", room)) + " " + position + "\n";
}

}  // namespace

std::string show_step(const Decision& decision, std::string_view before, const InspectView& view) {
  const int n_vocab = view.vocab.size();
  const auto rows = rows_of(decision, view.rows);
  const Scale scale = scale_of(rows);
  const double most = decision.top.empty() ? 1 : std::max(decision.top.front().p, 1e-300);
  const Layout layout(view.width);

  std::string text = heading(decision, before, view);
  text += wrapped(readouts(decision, n_vocab), view.width) + wrapped(pipeline(decision, n_vocab), view.width);
  text += view.style.quiet(
              fmt::format("{:>8} {:>{}}   {:<{}} {:>8}", "logit", "", layout.left, "token", layout.token, "p")) +
          "\n";
  bool cut = false;
  double shown_mass = 0;
  for (const TraceCandidate& row : rows) {
    const bool is_chosen = row.id == decision.token;
    if (!cut && row.p == 0) {
      const std::string kept = fmt::format(" {} kept above ", decision.kept);
      text += view.style.quiet(fmt::format("{:-^{}}", kept, view.width)) + "\n";
      cut = true;
    }
    const std::string wing = row.p > 0 ? right_wing(row, is_chosen, false, most, layout.right, view)
                                       : view.style.quiet(fit(why_cut(decision, row), layout.right));
    text += trimmed(left_wing(row, scale, view) + middle(row, is_chosen, layout.token, view) + " " + wing);
    shown_mass += row.p;
  }
  const auto is_kept = [](const TraceCandidate& row) { return row.p > 0; };
  const int more = decision.kept - static_cast<int>(std::count_if(rows.begin(), rows.end(), is_kept));
  if (more > 0) {
    const double mass = std::max(0.0, 1 - shown_mass);
    text += quiet_lines(fmt::format("and {} more with {} together", more, percent(mass)), view);
  }
  return text;
}

std::string show_steps(std::span<const Decision* const> decisions, std::span<const std::string> labels,
                       std::string_view before, const InspectView& view) {
  std::string text = heading(*decisions[0], before, view);
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    text += trimmed(view.style.bold(fit(harmless(labels[i]), view.width))) +
            wrapped("  " + readouts(*decisions[i], view.vocab.size()), view.width) +
            wrapped("  " + pipeline(*decisions[i], view.vocab.size()), view.width);
  }
  double most = 1e-300;  // one scale for all wings, so that they can be compared
  for (const Decision* each : decisions) most = std::max(most, each->top.empty() ? 0 : each->top.front().p);
  const auto rows = rows_of_all(decisions, view.rows);
  const std::size_t abreast =
      static_cast<std::size_t>(std::max((view.width - left_of_wings(view)) / narrowest_wing, 1));
  for (std::size_t i = 0; i < decisions.size(); i += abreast) {
    const std::size_t n = std::min(abreast, decisions.size() - i);
    text += show_wings(rows, decisions[0]->token, decisions.subspan(i, n), labels.subspan(i, n), most, view);
  }
  return text + quiet_lines("> is what a setting chooses; the text goes on with the first one's choice", view);
}

void write_step(JsonWriter& json, const Decision& decision, const Vocab& vocab) {
  json.begin_object();
  json.field("t", decision.position).key("token").begin_object();
  write_token(json, decision.token, vocab);
  json.end_object();
  json.field("kept", decision.kept).field("entropy", decision.entropy).field("entropy_raw", decision.entropy_raw);
  json.field("logsumexp", decision.logsumexp).field("tail_mass", decision.tail_mass).key("race");
  write_race(json, decision, vocab);
  json.key("processors").begin_array();
  for (const ChainTrace::Stage& stage : decision.stages) {
    json.begin_object();
    json.field("name", stage.name).field("kept", stage.kept).field("removed_mass", stage.removed_mass);
    json.end_object();
  }
  json.end_array().key("candidates").begin_array();
  for (std::size_t i = 0; i < decision.top.size(); ++i) {
    const TraceCandidate& each = decision.top[i];
    json.begin_object();
    write_token(json, each.id, vocab);
    json.field("logit", each.logit).field("score", each.score).field("p", each.p).key("cut_by");
    each.cut_by.empty() ? json.value(nullptr) : json.value(each.cut_by);
    json.key("scores").begin_object();  // after each processor; null: gone
    for (std::size_t stage = 0; stage < decision.stage_scores.size(); ++stage) {
      json.field(decision.stages[stage].name, decision.stage_scores[stage][i]);
    }
    json.end_object().end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
