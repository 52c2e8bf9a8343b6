// decant models: what models there are, and what can be done with them.
#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/model_view.h"
#include "cli/output.h"
#include "cli/session.h"
#include "drafters/drafter.h"
#include "hub/hub.h"
#include "llama/next_head.h"
#include "llama/self_model.h"
#include "llama/split_model.h"
#include "options/table.h"
#include "strategies/dola_layers.h"
#include "strategies/speculation.h"

namespace decant {
namespace {

constexpr int kWidest = 100;  // columns, on any terminal

struct Options {
  ModelOptions model;
  std::string color = "auto";
  bool json = false, quiet = false;
};

bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant models show",
              "Say what a model is, what works with it and what does not, who computes it, and what memory it takes.\n"
              "Its weights are not read.",
              "Example: decant models show smollm2");
  std::optional<std::string> file;
  flags.own("FILE", file, "a GGUF file, or another name that -m knows; none is the default model");
  flags.own("--json", options.json, "one JSON object").group("Output");
  flags.own("--color", options.color, "auto, always, never [auto]").type("WHEN").group("Output");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  for (const auto& field : model_fields()) {
    if (field.name != "exact" && field.name != "prefill_chunk_size")
      flags.add(Fields<ModelOptions>(&field, 1), options.model);
  }
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  const auto& model = get(model_fields(), "model");
  if (!file) return true;
  if (is_given(options.model, model)) reject_contradiction("FILE", "--model");
  options.model.model = *file;
  return true;
}

template <class Try>
Verdict verdict(std::string name, Try attempt) {
  Verdict verdict{std::move(name)};
  try {
    attempt(verdict);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::usage) throw;
    verdict.why = error.what();
  }
  return verdict;
}

// ---- what works

std::string dola_note(const ModelInfo& model) {
  const auto layers = [&](const char* which) -> std::string {
    try {
      return fmt::format("{} {}", which, fmt::join(dola_layers(which, model.n_layer, model.tied_embeddings), ","));
    } catch (const Error&) {
      return fmt::format("no {}", which);
    }
  };
  return fmt::format("layers {}; {}", layers("low"), layers("high"));
}

Verdict strategy_verdict(const StrategyRow& row, const RunView& runs) {
  return verdict(std::string(row.name), [&](Verdict& found) {
    const ModelInfo& model = runs.facts.model;
    row.check_model(model);
    const auto needs = [&](std::string_view option) {
      return std::ranges::any_of(row.needs, [&](const Need& need) { return need.option == option; });
    };
    if (needs("dola_layers")) found.note = dola_note(model);
    if (!needs("amateur")) return;
    const Verdict& layers = runs.lower_layers;
    found.note = "with an amateur of the same vocabulary";
    found.note += layers.why.empty() ? ", such as " + layers.name : "; as such not " + layers.why;
  });
}

// A model that is made of this one, for those that name it.
void check_own_part(const std::string& name, const std::shared_ptr<const LlamaFile>& file,
                    const ModelOptions& options) {
  if (name == kNextHead) {
    check_next_head(*file);
  } else if (is_self_model(name)) {
    load_self_model(name, file, options);
  }
}

// With the option that it needs; where that is a number it is one of layers, and no file is called so.
Verdict drafter_verdict(const DrafterRow& row, const std::shared_ptr<const LlamaFile>& file, const ModelInfo& model,
                        const ModelOptions& options, int layers) {
  return verdict(std::string(row.name), [&](Verdict& found) {
    std::string note(row.doc);
    GenerationConfig config;
    for (const std::string_view need : row.models ? row.needs : std::vector<std::string_view>())
      set(config, get(generation_fields(), need), std::to_string(layers));
    for (const std::string& name : row.models ? row.models(config) : std::vector<std::string>()) {
      check_own_part(name, file, options);
      const int own = self_layers(name);
      if (own > 0 && can_split(*file, own, options)) note += ", whose work is not done again";
    }
    check_takes_back(model, row.name);  // a run comes to this when its models are there
    found.note = note;
  });
}

// ---- what it is

std::vector<TokenName> named(const LlamaVocab& vocab, const std::vector<Token>& tokens) {
  std::vector<TokenName> names;
  for (const Token each : tokens) names.push_back({each, std::string(vocab.piece(each))});
  return names;
}

VocabularyView vocabulary_of(const LlamaFile& file) {
  const LlamaVocab& vocab = file.vocab();
  VocabularyView view{.kind = vocabulary_kind(vocab), .tokens = vocab.size(), .adds_bos = vocab.adds_bos()};
  if (const auto bos = vocab.bos()) view.bos = TokenName{*bos, vocab.bos_text()};
  view.eos = named(vocab, vocab.eos());
  const std::vector<Token> all = vocab.end_of_turn();
  view.end_of_turn = named(vocab, {all.begin() + std::ssize(vocab.eos()), all.end()});
  return view;
}

// Whether the code of a template, not its text, has the word.
bool speaks_of(std::string_view source, std::string_view word) {
  const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (std::size_t at = source.find(word); at != source.npos; at = source.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool whole = (at == 0 || !is_letter(source[at - 1])) && (end == source.size() || !is_letter(source[end]));
    const std::string_view before = source.substr(0, at);
    const auto last = [&](std::string_view a, std::string_view b) {
      const std::size_t i = before.rfind(a), j = before.rfind(b);
      return std::max(i == before.npos ? 0 : i + 1, j == before.npos ? 0 : j + 1);
    };
    if (whole && last("{%", "{{") > last("%}", "}}")) return true;
  }
  return false;
}

std::string why_not_rendered(const ChatTemplate& chat, const std::vector<Message>& messages) {
  try {
    chat.render(messages);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::optional<TemplateView> template_of(const LlamaFile& file) {
  const ChatTemplate* chat = file.chat_template();
  if (!chat) return std::nullopt;
  const std::string& source = chat->source();
  const std::size_t begin = std::min(source.find_first_not_of("\n"), source.size());
  return TemplateView{
      .family = template_family(source),
      .first_line = source.substr(begin, source.find('\n', begin) - begin),
      .bytes = source.size(),
      .why_not = why_not_rendered(*chat, {{"user", "Hello"}}),
      .why_no_system = why_not_rendered(*chat, {{"system", "Be brief."}, {"user", "Hello"}}),
      .thinking = speaks_of(source, "enable_thinking") || source.find("<think>") != source.npos,
      .tools = speaks_of(source, "tools"),
  };
}

RunView runs_of(const std::shared_ptr<const LlamaFile>& file, const ModelOptions& options) {
  RunView view{.facts = model_facts(file, options),
               .trained_context = file->trained_context(),
               .vocabulary = vocabulary_of(*file),
               .chat_template = template_of(*file)};
  const int half = std::max(1, view.facts.model.n_layer / 2);
  view.lower_layers =
      verdict(fmt::format("self:{}", half), [&](const Verdict& found) { check_own_part(found.name, file, options); });
  for (const StrategyRow* row : strategies()) view.strategies.push_back(strategy_verdict(*row, view));
  for (const DrafterRow* row : all_drafters())
    view.drafters.push_back(drafter_verdict(*row, file, view.facts.model, options, half));
  return view;
}

int show(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  Output output;
  const Style style(wants_color(options.color, output.is_terminal()));
  check_ranges(model_fields(), options.model);
  const std::filesystem::path path =
      resolve_model(options.model.model, options.quiet ? DownloadProgress::silent : DownloadProgress::on_stderr);
  options.model.model = path.string();
  ModelView view{.file = path.string(), .name = path.stem().string(), .info = check_gguf(path)};
  try {
    const auto file = load_model(options.model, options.quiet, false, {.none = true});
    view.runs = runs_of(file, options.model);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    view.refusal = error.what();
  }
  if (options.json) {
    output.write(model_json(view));
  } else {
    output.write_styled(model_text(view, style, std::min(terminal_width(), kWidest)));
  }
  return 0;
}

// `list`, `pull` and others that are to come stand here as well.
constexpr Subcommand actions[] = {{"show", "say what a model is, and what works with it", show}};

}  // namespace

int models_command(const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "--help" : arguments[0];
  if (name == "--help" || name == "-h" || name == "--help-all") {
    std::vector<HelpRow> rows;
    for (const Subcommand& each : actions) rows.push_back({"Actions", std::string(each.name), std::string(each.doc)});
    const int width = help_width();
    Output().write(wrap("Usage: decant models ACTION [options]", width) + "\n" + help_text(rows, width) +
                   wrap("decant models show --help lists its options.", width) + "\n");
    return 0;
  }
  const auto* found = std::ranges::find(actions, std::string_view(name), &Subcommand::name);
  if (found == std::end(actions)) throw Error(ErrorKind::usage, "unknown action {}: there is decant models show", name);
  return found->run({arguments.begin() + 1, arguments.end()});
}

}  // namespace decant
