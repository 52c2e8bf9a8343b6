// decant models: what models there are, and what can be done with them.
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/model_view.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "drafters/drafter.h"
#include "hub/hub.h"
#include "hub/hub_cache.h"
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
      resolve_model(options.model.model, options.quiet ? DownloadProgress::silent : DownloadProgress::on_stderr,
                    options.model.offline ? Network::none : Network::allowed);
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

// ---- those that were fetched

struct KeptOptions {
  std::optional<std::string> model;
  bool json = false, quiet = false;
};

// The flags of an action on fetched models, whose argument is `doc`, or which has none.
bool parse_kept(const std::vector<std::string>& arguments, const char* action, const char* what, const char* doc,
                const char* footer, KeptOptions& options) {
  Flags flags(fmt::format("decant models {}", action), what, footer);
  if (doc) flags.own("MODEL", options.model, doc);
  flags.own("--json", options.json, "one JSON object").group("Output");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

std::string size_of(std::uintmax_t bytes) {
  return bytes < 1'000'000'000 ? fmt::format("{} MB", (bytes + 500'000) / 1'000'000)
                               : fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

void write_kept(JsonWriter& json, const KeptModel& model) {
  json.key("name").value(model.name);
  json.key("bytes").value(static_cast<std::uint64_t>(model.size));
  json.key("files").begin_array();
  for (const KeptFile& file : model.files) json.value(file.path.string());
  json.end_array();
}

int list(const std::vector<std::string>& arguments) {
  KeptOptions options;
  if (!parse_kept(arguments, "ls", "List the models that are here because they were fetched, by the names for -m.",
                  nullptr, "Example: decant models ls", options))
    return 0;
  const std::vector<KeptModel> kept = kept_models();
  Output output;
  if (options.json) {
    JsonWriter json;
    json.begin_object().key("models").begin_array();
    for (const KeptModel& model : kept) {
      json.begin_object();
      write_kept(json, model);
      json.end_object();
    }
    json.end_array().end_object();
    output.write(std::string(json.text()) + "\n");
    return 0;
  }
  if (kept.empty() && !options.quiet) tell("no model was fetched yet: decant models pull smollm2, or hf:USER/REPO\n");
  std::size_t widest = 0;
  for (const KeptModel& model : kept) widest = std::max(widest, model.name.size());
  for (const KeptModel& model : kept)
    output.write(fmt::format("{:<{}}  {:>8}\n", model.name, widest, size_of(model.size)));
  return 0;
}

int pull(const std::vector<std::string>& arguments) {
  KeptOptions options;
  if (!parse_kept(
          arguments, "pull", "Fetch a model, or what has changed of it, as far as it is not here; say its file.",
          "smollm2, hf:USER/REPO[:QUANT] or hf:USER/REPO/FILE.gguf", "Example: decant models pull smollm2", options))
    return 0;
  if (!options.model) throw Error(ErrorKind::usage, "MODEL is required: smollm2, or hf:USER/REPO[:QUANT]");
  const auto progress = options.quiet ? DownloadProgress::silent : DownloadProgress::on_stderr;
  const std::string path = fetch_model(*options.model, progress).string();
  if (!options.json) {
    Output().write(path + "\n");
    return 0;
  }
  JsonWriter json;
  json.begin_object().key("model").value(*options.model).key("file").value(path).end_object();
  Output().write(std::string(json.text()) + "\n");
  return 0;
}

// Those that the name means; all of them without one.
std::vector<KeptModel> kept_by_name(const std::optional<std::string>& name) {
  std::vector<KeptModel> kept = kept_models();
  if (!name) return kept;
  std::filesystem::path path;
  if (name->starts_with("hf:")) path = find_in_hub(parse_hub_name(*name)).value_or("");
  std::erase_if(kept, [&](const KeptModel& model) { return model.name != *name && model.files[0].path != path; });
  if (kept.empty()) {
    const std::string whose = std::filesystem::exists(*name) ? ": it is a file of yours" : "";
    throw Error(ErrorKind::no_input, "{} is none of the models that were fetched{}: decant models ls lists them", *name,
                whose);
  }
  return kept;
}

int remove(const std::vector<std::string>& arguments) {
  KeptOptions options;
  if (!parse_kept(arguments, "rm", "Remove a model that was fetched.", "its name, as decant models ls shows it",
                  "Example: decant models rm smollm2", options))
    return 0;
  if (!options.model) throw Error(ErrorKind::usage, "MODEL is required: decant models ls lists those that are here");
  const KeptModel model = kept_by_name(options.model)[0];
  remove_model(model);
  if (options.json) {
    JsonWriter json;
    json.begin_object();
    write_kept(json, model);
    json.end_object();
    Output().write(std::string(json.text()) + "\n");
  } else if (!options.quiet) {
    tell(fmt::format("removed {} ({})\n", model.name, size_of(model.size)));
  }
  return 0;
}

int verify(const std::vector<std::string>& arguments) {
  KeptOptions options;
  if (!parse_kept(arguments, "verify", "Read fetched models and compare their SHA-256 with the published one.",
                  "its name, as decant models ls shows it; none is all of them",
                  "Example: decant models verify smollm2", options))
    return 0;
  std::string text, damaged;
  JsonWriter json;
  json.begin_object().key("models").begin_array();
  for (const KeptModel& model : kept_by_name(options.model)) {
    std::string verdict = "as published";
    Progress reading("reading " + model.name, !options.quiet);
    for (std::size_t i = 0; i < model.files.size(); ++i) {
      const KeptFile& file = model.files[i];
      reading.update(static_cast<double>(i) / static_cast<double>(model.files.size()));
      if (file.sha256.empty()) {
        verdict = "nobody has published its hash";
      } else if (sha256_of(file.path) != file.sha256) {
        verdict = "damaged";
        damaged += (damaged.empty() ? "" : ", ") + model.name;
        break;
      }
    }
    text += fmt::format("{}: {}\n", model.name, verdict);
    json.begin_object();
    write_kept(json, model);
    json.key("verdict").value(verdict).end_object();
  }
  json.end_array().end_object();
  Output().write(options.json ? std::string(json.text()) + "\n" : text);
  if (damaged.empty()) return 0;
  throw Error(ErrorKind::data, "damaged: {}; decant models rm, then pull", damaged);
}

constexpr Subcommand actions[] = {
    {"ls", "list the models that were fetched", list},
    {"show", "say what a model is, and what works with it", show},
    {"pull", "fetch a model", pull},
    {"rm", "remove a model that was fetched", remove},
    {"verify", "compare fetched models with their published hashes", verify},
};

}  // namespace

int models_command(const std::vector<std::string>& arguments) {
  const std::string name = arguments.empty() ? "--help" : arguments[0];
  if (name == "--help" || name == "-h" || name == "--help-all") {
    std::vector<HelpRow> rows;
    for (const Subcommand& each : actions) rows.push_back({"Actions", std::string(each.name), std::string(each.doc)});
    const int width = help_width();
    Output().write(wrap("Usage: decant models ACTION [options]", width) + "\n" + help_text(rows, width) +
                   wrap("decant models ACTION --help lists its options.", width) + "\n");
    return 0;
  }
  const auto* found = std::ranges::find(actions, std::string_view(name), &Subcommand::name);
  if (found == std::end(actions)) {
    std::vector<std::string_view> names;
    for (const Subcommand& each : actions) names.push_back(each.name);
    const std::string_view near = closest(name, names);
    throw Error(
        ErrorKind::usage, "unknown action {}: {}", name,
        near.empty() ? fmt::format("there are {}", fmt::join(names, ", ")) : fmt::format("did you mean {}?", near));
  }
  return found->run({arguments.begin() + 1, arguments.end()});
}

}  // namespace decant
