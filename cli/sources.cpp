// Tested by tests/cli/config_test.py.
#include "cli/sources.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "cli/flags.h"
#include "cli/input.h"
#include "cli/option_json.h"
#include "cli/output.h"
#include "cli/whole_file.h"
#include "hub/environment.h"
#include "hub/hub.h"
#include "llama/sampling_keys.h"
#include "options/table.h"
#include "processors/recipe.h"
#include "strategies/resolve.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

// Of generation_config.json, what says nothing to decant and need not be told.
constexpr std::array<std::string_view, 9> kIdle = {
    "_from_model_config", "bos_token_id",  "pad_token_id",         "transformers_version",   "use_cache",
    "output_attentions",  "output_scores", "output_hidden_states", "return_dict_in_generate"};

class Taking {
 public:
  Taking(const Sources& sources, GenerationConfig& config, ModelOptions& model, bool quiet)
      : only_flags_(sources.only_flags),
        generation_config_(sources.generation_config),
        config_(config),
        model_(model),
        quiet_(quiet) {
    note_flags<GenerationConfig>(generation_fields(), config_);
    note_flags<ModelOptions>(model_fields(), model_);
  }

  void from_surroundings() {
    from_environment();
    from_own_file();
  }

  void from_generation_config() {
    if (!generation_config_) return;
    const std::string& file = *generation_config_;
    if (file == "model") return from_model();
    const fs::path path = fs::is_directory(file) ? fs::path(file) / "generation_config.json" : fs::path(file);
    const Input input(path.string(), "generation_config", kMostRulesBytes);
    std::vector<std::string> unknown =
        set_options(config_, input.bytes(), path.string(),
                    [this](const GenerationConfig& config, const Field<GenerationConfig>& field) {
                      return !is_given(config, field) && !is_only_flag(field.name);
                    });
    note<GenerationConfig>(generation_fields(), config_, path.string());
    std::erase_if(unknown, [](const std::string& name) { return std::ranges::find(kIdle, name) != kIdle.end(); });
    if (!unknown.empty() && !quiet_)
      tell(fmt::format("{} has what decant does not: {}\n", path.string(), fmt::join(unknown, ", ")));
  }

  Origins origins;

 private:
  void from_environment() {
    take_variables<GenerationConfig>(generation_fields(), config_);
    take_variables<ModelOptions>(model_fields(), model_);
    const char* const named = std::getenv("DECANT_GENERATION_CONFIG");
    if (named && *named && !generation_config_) generation_config_ = named;
  }

  void from_own_file() {
    const auto named = folder_from("DECANT_CONFIG");
    auto path = named;
    if (!path) path = folder_from("XDG_CONFIG_HOME", "decant/config.yaml");
    if (!path) path = folder_from("HOME", ".config/decant/config.yaml");
    std::error_code absent;
    if (!path || (!named && !fs::exists(*path, absent))) return;
    const Input input(path->string(), "configuration", kMostRulesBytes);
    YAML::Node root;
    try {
      root = YAML::Load(std::string(input.bytes()));
    } catch (const YAML::Exception& error) {
      throw Error(ErrorKind::data, "{} line {}: {}", path->string(), error.mark.line + 1, error.msg);
    }
    if (root.IsNull()) return;
    if (!root.IsMap()) throw Error(ErrorKind::data, "{}: options are expected, as in temperature: 0.7", path->string());
    for (const auto& entry : root) take_entry(entry.first, entry.second, path->string());
  }

  bool is_only_flag(std::string_view name) const { return std::ranges::find(only_flags_, name) != only_flags_.end(); }

  template <class Options>
  void note_flags(Fields<Options> table, const Options& options) {
    note(table, options, "flag");
  }

  // Whatever is given and has no origin yet has this one.
  template <class Options>
  void note(Fields<Options> table, const Options& options, const std::string& origin) {
    for (const auto& field : table) {
      if (is_given(options, field)) origins.emplace(field.name, origin);
    }
  }

  template <class Options>
  void take(Options& options, const Field<Options>& field, std::string_view text, const std::string& origin) try {
    set(options, field, text);
    origins.emplace(field.name, origin);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", origin, error.what()));
  }

  template <class Options>
  void take_variables(Fields<Options> table, Options& options) {
    for (const auto& field : table) {
      std::string variable = "DECANT_";
      for (const char c : field.name) variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const char* const value = std::getenv(variable.c_str());
      if (value && !is_given(options, field) && !is_only_flag(field.name))
        take(options, field, value, "environment " + variable);
    }
  }

  void take_entry(const YAML::Node& key, const YAML::Node& value, const std::string& path) {
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    if (name == "generation_config" && value.IsScalar()) {
      if (!generation_config_) generation_config_ = value.Scalar();
      return;
    }
    if (const auto* field = find(model_fields(), name)) return take_values(model_, *field, value, path);
    take_values(config_, get(generation_fields(), name), value, path);
  }

  template <class Options>
  void take_values(Options& options, const Field<Options>& field, const YAML::Node& value, const std::string& path) {
    if (is_given(options, field) || value.IsNull() || is_only_flag(field.name)) return;
    if (value.IsMap()) throw Error(ErrorKind::data, "{}: {} is to be a value or a list of values", path, field.name);
    if (value.IsScalar()) return take(options, field, value.Scalar(), path);
    for (const auto& each : value) take(options, field, each.Scalar(), path);
  }

  void from_model() {
    const auto progress = quiet_ ? DownloadProgress::silent : DownloadProgress::on_stderr;
    const fs::path path = resolve_model(model_.model, progress, model_.offline ? Network::none : Network::allowed);
    for (const SamplingKey& key : sampling_keys(path)) {
      const auto& field = get(generation_fields(), key.option);
      if (is_given(config_, field) || (key.option == "sampler_order" && !draws_in_order())) continue;
      take(config_, field, key.value, "GGUF " + key.key);
    }
  }

  // Whether an order, the last of the keys, would order anything: greedy decoding would refuse it as idle.
  bool draws_in_order() const try {
    return orders_something(config_, resolve_strategy(config_).draws(config_));
  } catch (const Error&) {
    return false;  // these options are refused when they are used
  }

  const std::vector<std::string_view>& only_flags_;
  std::optional<std::string> generation_config_;
  GenerationConfig& config_;
  ModelOptions& model_;
  bool quiet_;
};

constexpr const char* kGroup = "Configuration";

void add_ambient_flag(Flags& flags, Sources& sources) {
  flags.own("--no-config", sources.no_config, "neither DECANT_ variables nor config.yaml").group(kGroup);
}

}  // namespace

void add_source_flags(Flags& flags, Sources& sources, GenerationConfig& config, ModelOptions& model) {
  flags
      .own("--generation-config", sources.generation_config,
           "options that flags leave, from Hugging Face's generation_config.json; model: from the GGUF file's own keys")
      .type("FILE|model")
      .group(kGroup);
  flags.own("--save-config", sources.save_config, "write the options that are set, for --generation-config")
      .type("FILE")
      .group(kGroup);
  add_ambient_flag(flags, sources);
  flags.add(generation_fields(), config);
  flags.add(model_fields(), model);
}

void add_source_flags(Flags& flags, Sources& sources, ModelOptions& model) {
  add_ambient_flag(flags, sources);
  flags.add(model_fields(), model);
}

Origins take_from_sources(const Sources& sources, GenerationConfig& config, ModelOptions& model, bool quiet) {
  Taking taking(sources, config, model, quiet);
  if (!sources.no_config) taking.from_surroundings();
  taking.from_generation_config();
  if (sources.save_config) {
    JsonWriter json;
    write_set_options(json, config);
    WholeFile(*sources.save_config, "configuration").write({json.text(), "\n"});
  }
  return std::move(taking.origins);
}

void take_from_sources(const Sources& sources, ModelOptions& model, bool quiet) {
  GenerationConfig of_no_text;
  if (!sources.no_config) Taking(sources, of_no_text, model, quiet).from_surroundings();
}

}  // namespace decant
