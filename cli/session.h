// A model loaded for one prompt, and the Runs that continue it: what every command that generates has in common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/prompt.h"
#include "model/llama_model.h"
#include "options/generation_config.h"
#include "options/model_options.h"
#include "run/scheduler.h"

namespace CLI {
class App;
}

namespace decant {

struct SessionOptions {
  ModelOptions model;
  PromptOptions prompt;
  bool show_prompt = false, quiet = false;
};

// The flags of the prompt, of --quiet, and the files that an option's text can be in (--grammar-file).
void add_session_flags(CLI::App& app, SessionOptions& options, GenerationConfig& config);

// A model's file, found, downloaded if need be, checked and loaded, with progress on a terminal.
std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet);

class Session {
 public:
  // Reads the prompt, then loads the model's file. Throws Error for anything that is wrong with either.
  explicit Session(const SessionOptions& options);

  const LlamaFile& file() const { return *file_; }
  const Prompt& prompt() const { return prompt_; }
  Prompt prompt_for(const GenerationConfig& config) const;  // healed, if the options say so

  // What the options leave to the prompt: a seed, the tokens that end a turn of a chat.
  void complete(GenerationConfig& config) const;

  // Makes room for Runs of these options, all at once, and loads the amateurs that they name.
  void open(std::span<const GenerationConfig> configs);
  const LlamaModel& model() const { return *model_; }
  double load_seconds() const { return load_s_; }

  // On the expert, and on the amateur that the config names; or, `alone`, on the amateur only.
  enum class Voices { all, amateur_alone };
  std::unique_ptr<Run> start(const GenerationConfig& config, StrategyFunction strategy, RunObserver* observer,
                             Voices voices = Voices::all);

  // Until the Runs end, or to the first interrupt. Returns the exit code. `run`: the one whose prompt's reading is shown.
  int drive(const Run& run);

 private:
  struct Amateur {
    explicit Amateur(std::string as_given) : name(std::move(as_given)) {}
    std::string name;
    int cells = 0, branches = 1;
    std::unique_ptr<LlamaModel> model = {};
  };

  int cells_for(const GenerationConfig& config) const;
  void count_amateur(const GenerationConfig& config);
  void load(Amateur& amateur) const;
  int amateur_index(const std::string& name) const;
  std::vector<Token> negative_prompt(const GenerationConfig& config) const;

  SessionOptions options_;
  std::shared_ptr<const LlamaFile> file_;
  Prompt prompt_;
  double load_s_ = 0;
  std::unique_ptr<LlamaModel> model_;
  std::vector<Amateur> amateurs_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace decant
