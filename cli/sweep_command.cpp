// decant sweep: a grid of options over prompts, one point after the other, each result written as soon as it is there.
//
// A point is computed alone, on caches as if nothing had run before, and its seed follows from its number: so a result
// does not depend on what ran before it, nor on whether the sweep was interrupted there.
#include <chrono>
#include <fstream>

#include "base/error.h"
#include "cli/cell.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/grid_file.h"
#include "cli/html_report.h"
#include "cli/interrupt.h"
#include "cli/option_json.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/prompts.h"
#include "cli/sources.h"
#include "cli/sweep_file.h"
#include "cli/sweep_report.h"
#include "options/setting.h"

namespace decant {
namespace {

constexpr std::size_t kRows = 40;   // of the table in the terminal
constexpr int kUnbroken = 100'000;  // columns of one that goes to a file

struct Options {
  GenerationConfig config;
  SessionOptions session;
  Sources sources{.only_flags = {"num_return_sequences"}};
  std::vector<std::string> grid, settings, fixed;
  std::optional<std::string> prompts, out, html;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags(
      "decant sweep",
      "Run a grid of options over a prompt or many. The prompt can be a YAML file that describes the sweep.",
      "Example: decant sweep --grid penalty_alpha=0.1,0.5,0.9 --grid top_k=2,5,50 --out alpha.jsonl \"The spaceship "
      "landed\"");
  add_session_flags(flags, options.session, options.config);
  const auto flag = [&](const char* names, auto& value, const char* type, const char* group, const char* doc) {
    return flags.own(names, value, doc).type(type).group(group);
  };
  flag("--prompts", options.prompts, "FILE", "Prompt", "a file of prompts: one a line, or JSON Lines with \"prompt\"");
  flag("--grid", options.grid, "OPTION=A,B,C", "Grid",
       "these values of an option, with all values of the others; repeatable");
  flag("--setting", options.settings, "SETTING", "Grid",
       "one of several settings, \"name: option=value option=value\"; repeatable");
  flag("--set", options.fixed, "OPTION=VALUE", "Grid", "an option for all points; repeatable");
  flag("--out", options.out, "FILE", "Output",
       "the results, JSON Lines; the same command goes on with a file that exists");
  flag("--html", options.html, "FILE", "Output", "also a page with a table and plots");
  add_source_flags(flags, options.sources, options.config, options.session.model);
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

// What the flags and the file of the sweep say together; flags count more than the file's options, and these more than
// the other sources.
struct Plan {
  PromptList prompts;
  GenerationConfig fixed;
  Grid grid;
};

GridFile read_description(Options& options) {
  auto& argument = options.session.prompt.argument;
  if (!argument || !(argument->ends_with(".yaml") || argument->ends_with(".yml"))) return {};
  const std::filesystem::path path = *argument;
  argument.reset();
  GridFile file = read_grid_file(path.string());
  const PromptOptions& prompt = options.session.prompt;
  if (prompt.text || prompt.file || options.prompts) {
    if (!file.prompts.empty() || file.prompts_file)
      throw Error(ErrorKind::usage, "{} has prompts already: drop the other ones", path.string());
  } else if (file.prompts.empty()) {
    if (!file.prompts_file) throw Error(ErrorKind::data, "{} has no prompts, and no prompts_file", path.string());
    options.prompts = (path.parent_path() / *file.prompts_file).string();
  }
  return file;
}

Plan make_plan(Options& options) {
  GridFile file = read_description(options);
  GenerationConfig fixed = options.config;
  for (const auto& [field, texts] : file.options) {
    if (!is_given(fixed, *field)) replace(fixed, *field, texts);
  }
  take_from_sources(options.sources, fixed, options.session.model, options.session.quiet);
  for (const std::string& text : options.fixed) fixed = parse_setting(text, fixed).config;
  file.settings.insert(file.settings.end(), options.settings.begin(), options.settings.end());
  for (const std::string& text : options.grid) file.axes.push_back(parse_axis(text));
  std::vector<Column> columns = parse_columns(file.settings, fixed);
  if (columns.empty() && file.axes.empty())
    throw Error(ErrorKind::usage, "nothing to sweep: give --grid \"top_k=2,5,50\", or settings");
  if (columns.empty()) columns.push_back({"", fixed});
  PromptList prompts =
      file.prompts.empty() ? read_prompts(options.prompts, options.session.prompt) : PromptList(file.prompts);
  Grid grid(std::move(columns), std::move(file.axes), prompts.size());
  for (const std::uint64_t i : grid.telling()) grid.at(i);  // before the model is loaded
  return {std::move(prompts), std::move(fixed), std::move(grid)};
}

// ---- the file's lines -----------------------------------------------------------------------------------------------

void write_model(JsonWriter& json, const LlamaFile& file) {
  json.begin_object().field("name", file.name());
  std::error_code unknown;  // of a model made in memory
  const auto bytes = std::filesystem::file_size(file.path(), unknown);
  if (!unknown) json.field("bytes", bytes);
  json.end_object();
}

void write_voices(JsonWriter& json, const Column& column) {
  if (column.voices == Session::Voices::amateur_alone) json.field("amateur_alone", true);
}

std::string header(const Plan& plan, const Options& options, const Session& session) {
  JsonWriter json;
  json.begin_object().field("sweep", kSweepSchema).key("models").begin_array();
  for (const LlamaFile* file : session.files()) write_model(json, *file);
  json.end_array().field("context", session.model().describe());
  json.field("prefill_chunk_size", options.session.model.prefill_chunk_size);
  json.field("chat_template", session.prompt().chat);
  if (options.session.prompt.system) json.field("system", *options.session.prompt.system);
  json.key("prompts").begin_object().field("count", plan.prompts.size());
  json.field("sha256", plan.prompts.sha256()).end_object();
  json.key("settings").begin_array();
  for (const Column& column : plan.grid.columns()) {
    json.begin_object().field("label", column.label);
    write_voices(json, column);
    json.key("options");
    write_set_options(json, column.config);
    json.end_object();
  }
  json.end_array().key("grid").begin_object();
  for (const Axis& axis : plan.grid.axes()) {
    json.key(axis.field->name).begin_array();
    for (std::size_t i = 0; i < axis.values.size(); ++i) json.value(axis.label(i));
    json.end_array();
  }
  json.end_object().field("points", plan.grid.points()).end_object();
  return json.text();
}

// The point's options, its seed among them: that of the options, or its number.
Column point_setup(const Plan& plan, std::uint64_t point, const Session& session) {
  Column column = plan.grid.at(point / plan.grid.prompts());
  if (!column.config.seed) column.config.seed = point;
  session.complete(column.config);
  return column;
}

std::string line(const Plan& plan, std::uint64_t point, const Column& column, const CellResult& result) {
  const std::uint64_t combination = point / plan.grid.prompts(), prompt = point % plan.grid.prompts();
  const auto places = plan.grid.places(combination);
  JsonWriter json;
  json.begin_object().field("index", point);
  if (!column.label.empty()) json.field("setting", column.label);
  json.key("grid").begin_object();
  for (std::size_t i = 0; i < plan.grid.axes().size(); ++i) {
    const OptionField& field = *plan.grid.axes()[i].field;
    json.key(field.name);
    write_json(json, value_of(column.config, field));
  }
  json.end_object().field("prompt_index", prompt).field("prompt", plan.prompts.at(prompt));
  json.field("strategy", column.strategy->name);
  write_voices(json, column);
  json.key("options");
  write_set_options(json, column.config);
  write_fields(json, result);
  json.end_object();
  return json.text();
}

// ---- running --------------------------------------------------------------------------------------------------------

// What may be the point's fault is its result; anything else ends the sweep.
void rethrow_unless_recorded(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const Error& known) {
    if (known.kind() != ErrorKind::usage && known.kind() != ErrorKind::data) throw;
  }
}

class Sweep {
 public:
  Sweep(const Plan& plan, Session& session, SweepFile& file, bool quiet)
      : plan_(plan), session_(session), file_(file), progress_("sweeping", !quiet) {}

  // From the point on. Returns how many are done: fewer than all after an interrupt.
  std::uint64_t run(std::uint64_t first) {
    const std::uint64_t points = plan_.grid.points();
    for (std::uint64_t point = first; point < points; ++point) {
      if (point > first) session_.forget();
      const Column column = point_setup(plan_, point, session_);
      Cell cell(session_, {column.config, column.voices, static_cast<int>(point % plan_.grid.prompts())}, bell_);
      while (cell.running()) {
        if (interrupted()) return point;
        seen_ = bell_->wait(seen_, kBetweenLooks);
        show(first, static_cast<double>(point) + cell.fraction());
      }
      const CellResult result = cell.result();
      rethrow_unless_recorded(result.error);
      file_.append(line(plan_, point, column, result));
      if (interrupted()) return point + 1;
    }
    return points;
  }

 private:
  void show(std::uint64_t first, double done) {
    const double all = static_cast<double>(plan_.grid.points()), now = done - static_cast<double>(first);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const std::string left = now > 0 ? ", " + time_left(seconds / now * (all - done)) : "";
    progress_.update(done / all,
                     fmt::format("{} of {}{}", static_cast<std::uint64_t>(done), plan_.grid.points(), left));
  }

  const Plan& plan_;
  Session& session_;
  SweepFile& file_;
  Progress progress_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::uint64_t seen_ = 0;  // of its rings
};

}  // namespace

int sweep_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  if (!options.out) throw Error(ErrorKind::usage, "a sweep needs a file for its results: --out FILE.jsonl");
  const Plan plan = make_plan(options);
  std::optional<HtmlReport> page;
  if (options.html) page.emplace(*options.html, "page");
  SweepFile file(*options.out);

  options.session.live = 1;
  Session session(options.session, plan.prompts);
  for (const std::uint64_t i : plan.grid.telling()) session.expect(plan.grid.at(i).config);
  session.open();
  const std::uint64_t points = plan.grid.points(), first = file.begin(header(plan, options, session));
  if (first > points)
    throw Error(ErrorKind::data, "{} has more results than the sweep has points: remove it", file.path().string());

  catch_interrupts();
  const std::uint64_t done = Sweep(plan, session, file, options.session.quiet).run(first);
  if (done < points) {
    tell(fmt::format("decant: interrupted after {} of {} points: the same command goes on from there\n", done, points));
    return 128 + interrupted();
  }
  const std::string name = file.path().filename().string();
  std::ifstream written(file.path(), std::ios::binary);
  const SweepSummary summary = summarize(written, name);
  Output output;
  const int columns = terminal_size(StandardStream::output).columns;
  output.write(sweep_table(plan.grid, summary, kRows, columns > 0 ? std::max(columns, 30) : kUnbroken));
  if (page) {
    page->write([&](const HtmlReport::Sink& out) { write_page_data(written, name, summary, out); });
    tell_where(*options.html, options.session.quiet);
  }
  if (summary.failed > 0) {
    throw Error(ErrorKind::data, "{} of {} points failed, the first with: {}", summary.failed, points,
                summary.first_error);
  }
  return 0;
}

}  // namespace decant
