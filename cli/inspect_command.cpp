// decant inspect: the distribution of the next token, or of each of several, before and after every processor.
#include <algorithm>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/inspect_view.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/writing.h"
#include "numerics/philox.h"
#include "options/setting.h"
#include "strategies/resolve.h"
#include "strategies/score.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  SessionOptions session;
  Sources sources{.only_flags = {"num_return_sequences", "max_new_tokens", "max_length"}};
  std::vector<std::string> compare;
  bool json = false;
  std::optional<std::string> html;
  std::string color = "auto";
  int rows = 24;
  std::optional<int> width;
};

// `--compare A B C` is `--compare A --compare B --compare C`, as far as the texts look like settings.
std::vector<std::string> spread_settings(const std::vector<std::string>& arguments) {
  std::vector<std::string> spread;
  bool in_settings = false;
  for (const std::string& argument : arguments) {
    const bool value = !spread.empty() && spread.back() == "--compare";
    const bool another = in_settings && !value && !argument.starts_with('-') && looks_like_setting(argument);
    if (another) spread.push_back("--compare");
    in_settings = argument == "--compare" || (in_settings && (value || another));
    spread.push_back(argument);
  }
  return spread;
}

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags(
      "decant inspect", "Show what the model says comes next, and what each processor made of it.",
      "Example: decant inspect --no-chat-template \"My name is\" --compare temperature=0.3 \"top_p=0.7 top_k=0\"");
  add_session_flags(flags, options.session, options.config);
  const auto output = [&](const char* names, auto& value, const char* type, const char* doc) {
    return flags.own(names, value, doc).type(type).group("Output");
  };
  output("--compare", options.compare, "SETTING...",
         "these settings side by side: \"name: option=value option=value\"");
  flags.own("--json", options.json, "one JSON object instead of bars").group("Output");
  output("--html", options.html, "FILE", "also a report: every decision, as a page of its own");
  output("--color", options.color, "auto|always|never", "whether to use colour");
  output("--rows", options.rows, "N", "candidates shown for each step");
  output("--width", options.width, "N", "columns to use; the terminal's, at most 100, if not set");
  add_source_flags(flags, options.sources, options.config, options.session.model);
  if (!flags.parse(spread_settings(arguments))) {
    Output().write(flags.help());
    return false;
  }
  if (options.rows < 1) throw Error(ErrorKind::usage, "--rows is {}: it must be at least 1", options.rows);
  if (options.width && (*options.width < 60 || *options.width > 1000)) {
    throw Error(ErrorKind::usage, "--width is {}: it must be from 60 to 1000", *options.width);
  }
  take_from_sources(options.sources, options.config, options.session.model, options.session.quiet);
  return true;
}

// The settings to show: the options themselves, or those that --compare names.
std::vector<Setting> settings_of(const Options& options) {
  GenerationConfig base = options.config;
  const auto table = generation_fields();
  if (!is_given(base, get(table, "max_new_tokens")) && !base.max_length) base.max_new_tokens = 1;
  if (!is_given(base, get(table, "trace_top"))) base.trace_top = 200;
  std::vector<Setting> settings;
  for (const std::string& text : options.compare) settings.push_back(parse_setting(text, base));
  if (settings.empty()) settings.push_back({"", base});
  for (const Setting& each : settings) {
    const int n = each.config.num_return_sequences;
    if (n != 1) throw Error(ErrorKind::usage, "num_return_sequences is {}: inspect follows a single text", n);
  }
  return settings;
}

// Keeps every decision.
class Collector : public RunObserver {
 public:
  bool wants_text() const override { return false; }
  bool wants_decisions() const override { return true; }
  bool wants_stage_scores() const override { return true; }
  void decision(const Decision& decision) override { decisions.push_back(decision); }
  std::vector<Decision> decisions;
};

struct Inspected {
  RunInfo info;
  std::vector<Decision> decisions;
};

// Whether a token that is not listed could win the race that one with this sum is ahead in: it is not likelier than
// the last one listed that is left, and has its own noise.
bool may_lose(const Decision& decision, const GumbelNoise& noise, double sum, int n_vocab) {
  double least = 1;
  int listed = 0;
  std::vector<float> bound(static_cast<std::size_t>(n_vocab));
  for (const TraceCandidate& each : decision.top) {
    if (each.p > 0) least = std::min(least, each.p);
    if (each.p > 0) ++listed;
  }
  if (listed == decision.kept) return false;
  std::fill(bound.begin(), bound.end(), static_cast<float>(std::log(least)));
  for (const TraceCandidate& each : decision.top) bound[static_cast<std::size_t>(each.id)] = -INFINITY;
  Scores others;
  others.reset(bound);
  return others.max() > -INFINITY && others.race(1, noise).front().sum() >= sum - 1e-6;
}

// What a setting would choose itself where the text goes on with another one's token: the likeliest token, or the
// winner of its race (strategies/sample.cpp). Left without a token where it chooses by more than the distribution, or
// one that is not listed could win.
Decision with_own_choice(Decision decision, const RunInfo& info, int n_vocab) {
  decision.token = -1;
  decision.race.clear();
  if (info.strategy == "greedy") decision.token = decision.top.at(0).id;
  if (info.strategy != "sample") return decision;
  const GumbelNoise noise(*info.config.seed, 0, static_cast<std::uint32_t>(decision.position));
  std::vector<Entrant> race;
  for (const TraceCandidate& each : decision.top) {
    if (each.p > 0) race.push_back({each.id, std::log(each.p), noise(each.id)});
  }
  std::ranges::stable_sort(race, std::greater(), &Entrant::sum);
  if (race.empty() || may_lose(decision, noise, race[0].sum(), n_vocab)) return decision;
  decision.token = race[0].id;
  race.resize(std::min<std::size_t>(race.size(), kShownEntrants));
  decision.race = std::move(race);
  return decision;
}

void print(const Options& options, const std::vector<Inspected>& all, const Session& session, Output& output) {
  const Vocab& vocab = session.file().vocab();
  const Style style(wants_color(options.color, output.is_terminal()));
  const InspectView view{vocab, style, options.rows, options.width.value_or(std::clamp(terminal_width(), 30, 100))};
  std::string before = session.prompt().text;
  for (std::size_t step = 0; step < all[0].decisions.size(); ++step) {
    std::vector<Decision> own;
    std::vector<std::string> labels;
    for (const Inspected& each : all) {
      if (step >= each.decisions.size()) continue;
      const Decision& decision = each.decisions[step];
      own.push_back(own.empty() ? decision : with_own_choice(decision, each.info, vocab.size()));
      labels.push_back(each.info.label);
    }
    std::vector<const Decision*> decisions;
    for (const Decision& each : own) decisions.push_back(&each);
    const bool several = all.size() > 1;
    output.write_styled((step > 0 ? "\n" : "") + (several ? show_steps(decisions, labels, before, view)
                                                          : show_step(*decisions[0], before, view)));
    before += vocab.bytes(all[0].decisions[step].token);
  }
}

void write_steps(JsonWriter& json, const Inspected& inspected, const Vocab& vocab) {
  json.key("steps").begin_array();
  for (const Decision& decision : inspected.decisions) write_step(json, decision, vocab);
  json.end_array();
}

std::string to_json(const std::vector<Inspected>& all, const Vocab& vocab) {
  JsonWriter json;
  json.begin_object();
  write_header(json, all[0].info);
  if (all.size() == 1) {
    write_steps(json, all[0], vocab);
  } else {
    json.key("settings").begin_array();
    for (const Inspected& each : all) {
      json.begin_object();
      write_header(json, each.info);
      write_steps(json, each, vocab);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return json.text() + "\n";
}

}  // namespace

int inspect_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  std::vector<Setting> settings = settings_of(options);
  for (const Setting& each : settings) resolve_strategy(each.config);
  wants_color(options.color, false);
  std::optional<HtmlReport> report;
  if (options.html) report.emplace(*options.html);

  Session session(options.session);
  std::vector<GenerationConfig> configs;
  for (Setting& each : settings) {
    if (!each.config.seed)
      each.config.seed = settings[0].config.seed;  // one draw for all, unless a setting says otherwise
    session.complete(each.config);
    configs.push_back(each.config);
  }
  session.open(configs);

  // The first setting writes the text; the others are shown at the same steps.
  std::vector<Inspected> all;
  std::vector<Token> text;
  int code = 0;
  for (const Setting& each : settings) {
    const StrategyRow& strategy = resolve_strategy(each.config);
    all.push_back({run_info(session, each.config, strategy.name), {}});
    all.back().info.label = each.label;
    Collector collector;
    const int prompt = static_cast<int>(all.back().info.prompt.size());
    Writing writing(!options.session.quiet, strategy.beams(each.config), max_length(each.config, prompt) - prompt, 1,
                    prompt);
    Observers observers;
    observers.add(&collector);
    observers.add(&writing);
    Ticket ticket = session.start(
        each.config, {.wishes = wishes_of(observers), .strategy = all.size() == 1 ? StrategyFunction() : score(text)});
    code = session.drive(ticket, observers);
    writing.wipe();
    const Outcome& outcome = ticket.outcome();
    all.back().decisions = std::move(collector.decisions);
    outcome.rethrow();
    if (all.size() == 1) text = outcome.sequences.at(0).ids;
    if (code != 0) break;
  }

  const Vocab& vocab = session.file().vocab();
  Output output;
  if (options.json) {
    output.write(to_json(all, vocab));
  } else {
    print(options, all, session, output);
  }
  if (!report) return code;
  for (const Inspected& each : all) {
    TraceWriter writer([&](std::string_view line) { report->add(line); }, vocab, each.info);
    for (const Decision& decision : each.decisions) writer.decision(decision);
  }
  report->write();
  tell_where(*options.html, options.session.quiet);
  return code;
}

}  // namespace decant
