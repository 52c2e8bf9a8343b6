// A model loaded for one prompt or several, and the Runs that continue them: what every command that generates has in
// common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/prompt.h"
#include "llama/llama_model.h"
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
  int live = 256;  // Runs at a time, at most
};

// The flags of the prompt, of --quiet, and the files that an option's text can be in (--grammar-file).
void add_session_flags(CLI::App& app, SessionOptions& options, GenerationConfig& config);

// A model's file, found, downloaded if need be, checked and loaded, with progress on a terminal.
std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet);

class Session {
 public:
  // Reads the prompt, then loads the model's file. Throws Error for anything that is wrong with either.
  explicit Session(const SessionOptions& options);
  Session(const SessionOptions& options, std::span<const std::string> prompts);  // those, as their users gave them

  const LlamaFile& file() const { return *file_; }
  const Prompt& prompt(int index = 0) const { return prompts_[static_cast<std::size_t>(index)]; }
  Prompt prompt_for(const GenerationConfig& config, int index = 0) const;  // healed, if the options say so

  // What the options leave to the prompt: a seed, the tokens that end a turn of a chat.
  void complete(GenerationConfig& config) const;

  // Makes room for Runs of these options on every prompt, and loads the amateurs that they name. In one call, or in two
  // steps if the configs are too many to keep.
  void open(std::span<const GenerationConfig> configs);
  void expect(const GenerationConfig& config);
  void open();
  const LlamaModel& model() const { return *model_; }
  std::vector<const LlamaFile*> files() const;  // the expert's, then those of the amateurs
  double load_seconds() const { return load_s_; }

  // On the expert, and on the amateur that the config names; or, `alone`, on the amateur only.
  enum class Voices { all, amateur_alone };
  std::unique_ptr<Run> start(const GenerationConfig& config, StrategyFunction strategy, RunObserver* observer,
                             Voices voices = Voices::all, int prompt = 0);

  bool step() { return scheduler_->step(); }  // one batch; false: no Run waits for anything

  // Caches as if nothing had run: what comes then depends on nothing that came before. No Run may be alive.
  void restart();

  // Until the Runs end, or to the first interrupt. Returns the exit code. `run`: the one whose prompt's reading is
  // shown.
  int drive(const Run& run);

 private:
  // What the Runs that can be alive together need at most.
  struct Room {
    std::vector<int> cells, branches;  // of those that need most, the largest first
    void add(int more_cells, int more_branches, int live);
  };
  struct Amateur {
    explicit Amateur(std::string as_given) : name(std::move(as_given)) {}
    std::string name;
    Room room = {};
    std::shared_ptr<const LlamaFile> file = {};
    std::unique_ptr<LlamaModel> model = {};
  };

  int cells_for(const GenerationConfig& config, const Prompt& prompt, int negative_tokens) const;
  Amateur& amateur_of(const GenerationConfig& config);
  std::shared_ptr<const LlamaFile> load_amateur(const std::string& name) const;
  std::unique_ptr<LlamaModel> make_model(std::shared_ptr<const LlamaFile> file, const Room& room) const;
  int amateur_index(const std::string& name) const;
  std::vector<Token> negative_prompt(const GenerationConfig& config) const;

  SessionOptions options_;
  std::shared_ptr<const LlamaFile> file_;
  std::vector<Prompt> prompts_;
  double load_s_ = 0;
  Room room_;
  std::unique_ptr<LlamaModel> model_;
  std::vector<Amateur> amateurs_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace decant
