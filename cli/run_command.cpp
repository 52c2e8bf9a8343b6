// decant run: one prompt, one model, text on standard output.
#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "cli/session.h"
#include "cli/style.h"
#include "cli/tree_view.h"
#include "options/table.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  SessionOptions session;
  bool no_stream = false, stats = false, json = false, jsonl = false;
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
  flag("--json", options.json, "one JSON object instead of text");
  flag("--jsonl", options.jsonl, "one trace record for each decision instead of text");
  flags.own("--html", options.html, "also a report: every decision, as a page of its own").type("FILE").group("Output");
  flags.own("--show", options.show, "also the tree of a beam search: which texts lived, and why others died")
      .type("tree")
      .group("Output");
  flags.own("--color", options.color, "whether the tree is coloured").type("auto|always|never").group("Output");
  flag("--stats", options.stats, "time, work and memory, on standard error");

  flags.add(generation_fields(), options.config);
  flags.add(model_fields(), options.session.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  if (options.json && options.jsonl)
    throw Error(ErrorKind::usage, "--json and --jsonl contradict each other: choose one");
  if (options.show && *options.show != "tree")
    throw Error(ErrorKind::usage, "--show is '{}': it can only be tree", *options.show);
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

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  GenerationConfig& config = options.config;
  const StrategyRow& strategy = resolve_strategy(config);
  if (options.show && !strategy.beams(config)) {
    throw Error(ErrorKind::usage, "--show tree: {} has no tree, only beam searches have ({})", strategy.name,
                strategy_list([](const StrategyRow& row) { return row.beams({}); }));
  }
  const bool traces = options.jsonl || options.html;
  if (is_given(config, get(generation_fields(), "trace_top")) && !traces && !options.session.quiet)
    tell("trace_top does nothing without a trace: --jsonl and --html write one\n");
  std::optional<HtmlReport> report;
  if (options.html) report.emplace(*options.html);

  Session session(options.session);
  session.complete(config);
  session.open({&config, 1});
  const RunInfo info = run_info(session, config, strategy.name);
  Output output;
  const bool one_text = !options.json && !options.jsonl && config.num_return_sequences == 1;
  Observers observers;
  TextPrinter printer(output, session.file().vocab(), info);
  const bool streams = one_text && !options.no_stream && !options.show;
  if (streams) observers.add(&printer);
  const TraceSink write_line = [&](std::string_view line) {
    if (options.jsonl) output.write(line);
    if (report) report->add(line);
  };
  TraceWriter tracer(write_line, session.file().vocab(), info);
  if (options.jsonl || report) observers.add(&tracer);

  const TreeStyle tree_style{session.file().vocab(), Style(wants_color(options.color, output.is_terminal())),
                             terminal_width()};
  TreeView tree(output, tree_style);
  if (options.show) observers.add(&tree);

  Ticket ticket = session.start(config, {.wishes = wishes_of(observers)});
  const int code = session.drive(ticket, observers);
  const Outcome& outcome = ticket.outcome();

  if (streams) printer.end();
  if (options.show) tree.end();
  if (report) report->write();
  outcome.rethrow();
  tell_dead_ends(outcome);
  if (options.json) {
    output.write(run_json(outcome, info));
  } else if (!streams && !options.jsonl) {
    output.write(all_text(outcome));
  }
  if (options.stats) tell(run_stats(outcome, info, session.model().describe()));
  return code;
}

}  // namespace decant
