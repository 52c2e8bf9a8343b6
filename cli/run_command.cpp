// decant run: one prompt, one model, text on standard output.
#include "base/error.h"
#include "cli/best_so_far.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/output.h"
#include "cli/recipe.h"
#include "cli/rounds_view.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/style.h"
#include "cli/tree_view.h"
#include "cli/writing.h"
#include "drafters/drafter.h"
#include "options/table.h"
#include "recipes/shared_recipe.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  SessionOptions session;
  RecipeOptions recipe;
  Sources sources;
  bool no_stream = false, no_wrap = false, stats = false, json = false, jsonl = false;
  std::optional<std::string> html, show;
  std::string color = "auto";
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant run", "Continue a prompt, or answer it if the model has a chat template.",
              "Example: decant run --temperature 0.8 --top-p 0.9 --seed 1 \"The lighthouse keeper wrote\"");
  add_session_flags(flags, options.session, options.config);
  const auto flag = [&](const char* names, bool& value, const char* doc) {
    flags.own(names, value, doc).group("Output");
  };
  flag("--no-stream", options.no_stream, "the text at the end, not as it comes");
  flag("--no-wrap", options.no_wrap, "words may break at a terminal's edge");
  flag("--json", options.json, "one JSON object instead of text");
  flag("--jsonl", options.jsonl, "one trace record for each decision instead of text");
  flags.own("--html", options.html, "also a report: every decision, as a page of its own").type("FILE").group("Output");
  flags
      .own("--show", options.show,
           "also the tree of a beam search: which texts lived, and why others died; or the rounds of speculation: what "
           "was guessed, and what became of it")
      .type("tree|rounds")
      .group("Output");
  flags.own("--color", options.color, "whether what --show draws is coloured")
      .type("auto|always|never")
      .group("Output");
  flag("--stats", options.stats, "time, work and memory, on standard error");

  add_recipe_flags(flags, options.recipe);
  add_source_flags(flags, options.sources, options.config, options.session.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  if (options.json && options.jsonl)
    throw Error(ErrorKind::usage, "--json and --jsonl contradict each other: choose one");
  if (options.show && *options.show != "tree" && *options.show != "rounds")
    throw Error(ErrorKind::usage, "--show is '{}': it must be tree or rounds", *options.show);
  if (options.show && (options.json || options.jsonl)) {
    throw Error(ErrorKind::usage, "--show contradicts {}: drop one of them", options.json ? "--json" : "--jsonl");
  }
  wants_color(options.color, false);
  return true;
}

// Of texts that end where the processors left no token, beside others that do not.
void tell_dead_ends(const Outcome& outcome) {
  const auto& sequences = outcome.sequences;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].dead_end.empty()) continue;
    tell(fmt::format("text {} of {} breaks off: {}\n", i + 1, sequences.size(), sequences[i].dead_end));
  }
}

// Everybody who watches the run, and what each writes.
class Views {
 public:
  Views(const Options& options, const Session& session, const RunInfo& info, bool beams, HtmlReport* report)
      : options_(options), info_(info), beams_(beams), vocab_(session.file().vocab()), report_(report) {
    const int prompt = static_cast<int>(info.prompt.size()), texts = info.config.num_return_sequences;
    const bool one_text = !options.json && !options.jsonl && texts == 1;
    streams_ = one_text && !options.no_stream && !options.show;
    const bool shows =
        options.jsonl || (streams_ && !beams) || (beams && options.show && can_redraw(StandardStream::output));
    writing_.emplace(!shows && !options.session.quiet, beams, max_length(info.config, prompt) - prompt, texts, prompt);
    observers.add(&*writing_);
    if (beams) observers.add(&best_);
    if (streams_) observers.add(&printer_);
    if (options.jsonl || report) observers.add(&tracer_);
    if (options.show && beams) observers.add(&tree_);
    if (options.show && !beams) observers.add(&rounds_);
  }

  void end(Outcome outcome, const std::string& model) {
    writing_->wipe();
    if (outcome.cancelled && beams_) save(outcome);
    if (streams_) printer_.end();
    if (options_.show && beams_) tree_.end();
    if (options_.show && !beams_) output_.write_styled(show_rounds(rounds_.texts(), shown_));
    if (report_) report_->write();
    outcome.rethrow();
    tell_dead_ends(outcome);
    if (options_.json) {
      output_.write(run_json(outcome, info_));
    } else if (!streams_ && !options_.jsonl) {
      output_.write(all_text(outcome));
    }
    if (options_.stats) tell(run_stats(outcome, info_, model));
    if (report_) tell_where(*options_.html, options_.session.quiet);
  }

  Observers observers;

 private:
  // A search hands its texts over at the end only.
  void save(Outcome& outcome) {
    const auto best = best_.sequence(vocab_, info_.healed);
    if (!best) return;
    outcome.sequences = {*best};
    if (streams_) printer_.token(0, -1, best->bytes);
  }

  void write_line(std::string_view line) {
    if (options_.jsonl) output_.write(line);
    if (report_) report_->add(line);
  }

  const Options& options_;
  const RunInfo& info_;
  bool beams_, streams_ = false;
  const Vocab& vocab_;
  HtmlReport* report_;  // or null
  Output output_;
  std::optional<Writing> writing_;
  BestSoFar best_;
  TextPrinter printer_{output_, vocab_, info_, !options_.no_wrap};
  TraceWriter tracer_{[this](std::string_view line) { write_line(line); }, vocab_, info_};
  TreeStyle shown_{vocab_, Style(wants_color(options_.color, output_.is_terminal())), terminal_width()};
  TreeView tree_{output_, shown_};
  RoundsView rounds_;
};

void check_show(const Options& options, const StrategyRow& strategy) {
  if (options.show == "tree" && !strategy.beams(options.config)) {
    throw Error(ErrorKind::usage, "--show tree: {} has no tree, only beam searches have ({})", strategy.name,
                strategy_list([](const StrategyRow& row) { return row.beams({}); }));
  }
  if (options.show == "rounds" && drafters_of(options.config).empty()) {
    throw Error(ErrorKind::usage,
                "--show rounds: nobody guesses, so there are none: --speculate auto, or a drafter ({})",
                drafter_list());
  }
}

void check_views_of_recipe(const Options& options) {
  const RecipeOptions& recipe = options.recipe;
  if (!recipe.source || (!options.show && (!options.stats || is_shared_recipe(*recipe.source)))) return;
  throw Error(ErrorKind::usage, "{} knows nothing of recipes: --json has what is known of the run",
              options.show ? "--show" : "--stats");
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  check_views_of_recipe(options);
  take_from_sources(options.sources, options.config, options.session.model, options.session.quiet);
  check_recipe(options.recipe, options.config);
  const std::optional<ReadyRecipe> recipe = shared_recipe(options.recipe);
  if (options.recipe.source && !recipe) {
    const RecipeOutput output = options.json    ? RecipeOutput::json
                                : options.jsonl ? RecipeOutput::trace
                                                : RecipeOutput::text;
    run_recipe(options.recipe, options.session, options.config, output, options.html);
  }
  GenerationConfig& config = options.config;
  const StrategyRow& strategy = resolve_strategy(config);
  check_show(options, strategy);
  const bool traces = options.jsonl || options.html;
  if (is_given(config, get(generation_fields(), "trace_top")) && !traces && !options.session.quiet)
    tell("trace_top does nothing without a trace: --jsonl and --html write one\n");
  std::optional<HtmlReport> report;
  if (options.html) report.emplace(*options.html);

  if (recipe) options.session.tried = recipe->tried;
  Session session(options.session);
  session.complete(config);
  session.open({&config, 1});
  const RunInfo info = run_info(session, config, recipe ? recipe_name(options.recipe) : std::string(strategy.name));
  Views views(options, session, info, !recipe && strategy.beams(config), report ? &*report : nullptr);
  Ticket ticket = session.start(
      config, {.wishes = wishes_of(views.observers), .strategy = recipe ? recipe->strategy : StrategyFunction()});
  const int code = session.drive(ticket, views.observers);
  views.end(ticket.outcome(), session.model().describe());
  return code;
}

}  // namespace decant
