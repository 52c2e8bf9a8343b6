// A model that Python has opened, with an engine of its own that all its requests share, as a server has it. No Python
// in here; all of it may be called from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/prompt.h"
#include "cli/run_report.h"
#include "engine/engine.h"
#include "options/generation_config.h"
#include "options/model_options.h"
#include "server/served_model.h"

namespace decant {

class OpenedModel {
 public:
  OpenedModel(const ModelOptions& options, bool quiet);

  const LlamaFile& file() const { return *file_; }
  const LlamaVocab& vocab() const { return file_->vocab(); }
  const ModelInfo& info() const { return info_; }
  const std::string& describe() const { return description_; }

  // What the command line leaves to the prompt: a seed, the tokens that end a turn of a chat, healing.
  struct Request {
    GenerationConfig config;
    Prompt prompt;
    std::string strategy = {};  // its name, for reports
    Bookmark from = {};         // the prompt's tokens begin with its own
    std::vector<OwnProcessor> processors = {};
    StrategyFunction function = {};  // empty: the one that the options ask for
    Wishes wishes = {};
    bool bookmarks = false;
    std::shared_ptr<Bell> bell = {};
  };
  void complete(Request& request) const;

  // Loads what the request names beside the model, then hands it to the engine. Throws Error.
  Ticket submit(const Request& request);

  RunInfo run_info(const Request& request) const;

  // Ends what is under way, as cancelled, and gives all memory back. Whatever is asked of it then is an Error.
  void close();

  Engine::Load load() const { return model()->engine().load(); }

 private:
  std::shared_ptr<ServedModel> model() const;

  ModelOptions options_;
  bool quiet_;
  double load_s_ = 0;
  std::shared_ptr<const LlamaFile> file_;
  ModelInfo info_;
  std::string description_;
  mutable std::mutex mutex_;
  std::shared_ptr<ServedModel> model_;  // null: closed
};

}  // namespace decant
