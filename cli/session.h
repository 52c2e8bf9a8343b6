// Models loaded for one prompt or several, and an engine that continues them: what every command that generates has in
// common.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/prompts.h"
#include "engine/cost.h"
#include "engine/engine.h"
#include "llama/llama_model.h"
#include "options/generation_config.h"
#include "options/model_options.h"

namespace decant {

class Flags;

struct SessionOptions {
  ModelOptions model;
  PromptOptions prompt;
  bool show_prompt = false, quiet = false;
  int live = 256;  // requests at a time, at most
  int tried = 0;   // nodes that a strategy of the user's own evaluates beside the ends of its texts
};

// The flags of the prompt, of --quiet, and the files that an option's text can be in (--grammar-file).
void add_session_flags(Flags& flags, SessionOptions& options, GenerationConfig& config);

// A model's file, found, downloaded if need be, checked and loaded, with progress on a terminal.
// `only_drafts`: it may be one that says nothing by itself (llama/kinds.h).
std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet, bool only_drafts = false,
                                            SharedWeights weights = {});

class Session {
 public:
  // Reads the prompt, then loads the model's file. Throws Error for anything that is wrong with either.
  explicit Session(const SessionOptions& options);
  Session(const SessionOptions& options, PromptList prompts);
  // For a conversation, whose texts come one after the other and may fill the context.
  Session(const SessionOptions& options, std::shared_ptr<const LlamaFile> file);

  const LlamaFile& file() const { return *file_; }
  const std::shared_ptr<const LlamaFile>& shared_file() const { return file_; }
  Prompt prompt(int index = 0) const;
  Prompt prompt_for(const GenerationConfig& config, int index = 0) const;  // healed, if the options say so

  // What the options leave to prompt and model: a seed, the tokens that end a turn of a chat, a head that drafts.
  void complete(GenerationConfig& config) const;

  // Makes room for requests of these options on every prompt, and loads the models that they name. In one call, or in
  // two steps if the configs are too many to keep.
  void open(std::span<const GenerationConfig> configs);
  void expect(const GenerationConfig& config);
  void open();
  bool serves(const GenerationConfig& config) const;  // what was opened has the models and the room for it
  const LlamaModel& model() const { return *model_; }
  std::vector<const LlamaFile*> files() const;  // the expert's, then those of the amateurs
  double load_seconds() const { return load_s_; }

  // On the expert, and on the models that the strategy names; or on the amateur only.
  enum class Voices { all, amateur_alone };
  struct Place {  // in a conversation
    Bookmark from;
    std::vector<Token> tokens;  // behind it
  };
  struct Start {
    Wishes wishes = {};
    StrategyFunction strategy = {};  // empty: the one that the options ask for
    Voices voices = Voices::all;
    int prompt = 0;
    std::shared_ptr<Bell> bell = {};
    std::optional<Place> place = {};  // in place of the prompt; the outcome has bookmarks
  };
  Ticket start(const GenerationConfig& config, Start how);

  // Caches as if nothing had run: what comes then depends on nothing that came before. No ticket may be under way.
  void forget() { engine_->forget(); }

  // Reads the ticket to its end, or to the first interrupt, which cancels it. Returns the exit code.
  int drive(Ticket& ticket, RunObserver& observer);

 private:
  struct Further {  // a model beside the expert
    std::string name;
    CostsAtOnce costs;
    std::shared_ptr<const LlamaFile> file = {};
    bool only_drafts = true;   // for all that use it
    bool with_expert = false;  // made with it: its own lower layers, its head for further tokens
  };

  struct SameTexts {};
  Session(const Session& like, SameTexts);  // of which nothing is expected

  void tell_unused() const;
  int longest_of_many() const;
  std::vector<int> lengths_for(const GenerationConfig& config) const;
  int most_cells(const GenerationConfig& config, int one_text) const;
  Further& further(const std::string& name);
  std::shared_ptr<const LlamaFile> load_further(const Further& further) const;
  Cost cost_of(const Further& further) const;
  void make_pair();
  void make_model(const std::string& name, std::shared_ptr<const LlamaFile> file, const Cost& cost, int level = 0);
  std::vector<Token> negative_prompt(const GenerationConfig& config) const;

  SessionOptions options_;
  std::shared_ptr<const LlamaFile> file_;
  PromptList list_;
  std::vector<Prompt> prompts_;  // the first ones; the others are made when they are asked for
  std::vector<int> lengths_;     // in tokens: of all, or what many are between
  bool conversation_ = false;
  double load_s_ = 0;
  CostsAtOnce costs_;
  std::vector<Further> further_;
  bool reads_layers_ = false;  // of the expert: a request
  int rewind_ = 0;             // tokens of drafts that the expert is to be able to take back
  std::unique_ptr<Engine> engine_;
  const LlamaModel* model_ = nullptr;  // the engine's
};

}  // namespace decant
