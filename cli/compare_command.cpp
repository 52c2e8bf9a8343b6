// decant compare: one prompt or many under several settings, side by side.
#include "base/error.h"
#include "cli/command.h"
#include "cli/comparison.h"
#include "cli/flags.h"
#include "cli/html_report.h"
#include "cli/output.h"
#include "cli/prompts.h"
#include "cli/recipe.h"
#include "cli/session.h"
#include "cli/sources.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  SessionOptions session;
  RecipeOptions recipe;
  Sources sources{.only_flags = {"num_return_sequences"}};
  std::vector<std::string> settings;
  std::optional<std::string> prompts, html;
  std::string format = "text", color = "auto";
  bool json = false;
  int ngram = 4;
  std::optional<int> width;
};

void check(Options& options) {
  if (options.json && options.format != "text" && options.format != "json") {
    throw Error(ErrorKind::usage, "--json contradicts --format {}: drop one of them", options.format);
  }
  if (options.json) options.format = "json";
  if (options.format != "text" && options.format != "markdown" && options.format != "json") {
    throw Error(ErrorKind::usage, "--format is '{}': it must be text, markdown or json", options.format);
  }
  if (options.ngram < 1) throw Error(ErrorKind::usage, "--ngram is {}: it must be at least 1", options.ngram);
  if (options.width && (*options.width < 60 || *options.width > 1000)) {
    throw Error(ErrorKind::usage, "--width is {}: it must be from 60 to 1000", *options.width);
  }
  wants_color(options.color, false);
}

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant compare",
              "Continue a prompt, or each of many, under several settings, and show the texts side by side.",
              "Example: decant compare \"A cat is a cat is a\" --setting greedy: --setting \"beams: num_beams=4\"");
  add_session_flags(flags, options.session, options.config);
  const auto flag = [&](const char* names, auto& value, const char* type, const char* group, const char* doc) {
    return flags.own(names, value, doc).type(type).group(group);
  };
  flag("--prompts", options.prompts, "FILE", "Prompt", "a file of prompts: one a line, or JSON Lines with \"prompt\"");
  flag("--setting", options.settings, "SETTING", "Settings",
       "a column, \"name: option=value\", or amateur, expert, contrastive, all; repeatable");
  flag("--format", options.format, "text|markdown|json", "Output", "how it is written");
  flags.own("--json", options.json, "one JSON object").group("Output");
  flag("--html", options.html, "FILE", "Output", "also as a page of its own");
  flag("--ngram", options.ngram, "N", "Output", "marks repeated sequences of this many tokens; 4 if not set");
  flag("--color", options.color, "auto|always|never", "Output", "whether to use colour");
  flag("--width", options.width, "N", "Output", "columns to use; the terminal's if not set");
  add_recipe_flags(flags, options.recipe);
  add_source_flags(flags, options.sources, options.config, options.session.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  check(options);
  take_from_sources(options.sources, options.config, options.session.model, options.session.quiet);
  return true;
}

// A recipe is one more, under the options that are given.
std::vector<Column> columns_of(const Options& options, const std::optional<ReadyRecipe>& recipe) {
  std::vector<std::string> texts = options.settings;
  if (texts.empty() && options.config.amateur.empty() && !recipe) {
    throw Error(ErrorKind::usage,
                "nothing to compare: give settings, --setting \"beams: num_beams=4\", an --amateur, or a --recipe");
  }
  if (texts.empty()) texts.push_back(options.config.amateur.empty() ? "options:" : "all");
  std::vector<Column> columns = parse_columns(texts, options.config);
  if (recipe)
    columns.push_back({.label = recipe_name(options.recipe), .config = options.config, .recipe = recipe->strategy});
  for (Column& column : columns) resolve(column, fmt::format("setting '{}'", column.label));
  return columns;
}

void write(const Comparison& comparison, const Options& options) {
  Output output;
  if (options.format == "json") {
    output.write(comparison_json(comparison));
  } else if (options.format == "markdown") {
    output.write(comparison_markdown(comparison));
  } else {
    const bool color = wants_color(options.color, output.is_terminal());
    const int width = options.width.value_or(std::clamp(terminal_width(), 36, 1000));
    output.write_styled(comparison_text(comparison, Style(color), color, width));
  }
}

// The first error of a cell; null if there is none, or if some text came out well and `all` is asked for.
std::exception_ptr first_error(const Comparison& comparison, bool all) {
  std::exception_ptr first;
  for (const ComparedPrompt& prompt : comparison.prompts) {
    for (const CellResult& cell : prompt.cells) {
      if (all && !cell.error) return nullptr;
      if (!first) first = cell.error;
    }
  }
  return first;
}

}  // namespace

int compare_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  if (!options.config.seed) options.config.seed = random_seed();  // one for all, unless a setting has its own
  Comparison comparison;
  check_recipe(options.recipe, options.config);
  const std::optional<ReadyRecipe> recipe = only_shared_recipe(options.recipe, "compare");
  if (recipe) options.session.tried = recipe->tried;
  comparison.columns = columns_of(options, recipe);
  comparison.ngram = options.ngram;
  std::optional<HtmlReport> page;
  if (options.html) page.emplace(*options.html, "page");
  comparison.traced = options.html.has_value();
  const PromptList prompts = read_prompts(options.prompts, options.session.prompt);

  options.session.live = kLiveCells;
  Session session(options.session, prompts);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    comparison.prompts.push_back({prompts.at(i), session.prompt(static_cast<int>(i)).tokens});
  }
  for (Column& column : comparison.columns) {
    session.complete(column.config);
    session.expect(column.config);
  }
  session.open();
  comparison.model = session.file().name();
  const int code = compare(session, comparison, options.session.quiet);

  if (const auto error = first_error(comparison, true)) std::rethrow_exception(error);
  write(comparison, options);
  if (page) {
    page->add(comparison_json(comparison));
    for (std::size_t prompt = 0; prompt < comparison.prompts.size(); ++prompt) {
      const std::vector<CellResult>& cells = comparison.prompts[prompt].cells;
      for (std::size_t setting = 0; setting < cells.size(); ++setting) {
        if (cells[setting].trace.empty()) continue;
        page->add(fmt::format("{{\"cell\":[{},{}]}}\n", prompt, setting));
        page->add(cells[setting].trace);
      }
    }
    page->write();
    tell_where(*options.html, options.session.quiet);
  }
  if (const auto error = first_error(comparison, false); error && code == 0) std::rethrow_exception(error);
  return code;
}

}  // namespace decant
