// The engine: models by name, requests by ticket, and one thread on which all of them are decoded together.
//
//   Engine engine;
//   engine.load("smollm2", [] { return std::make_unique<LlamaModel>(...); });
//   Ticket ticket = engine.submit({.model = "smollm2", .config = config, .prompt = tokens});
//   while (auto event = ticket.next()) ...
//   ticket.outcome().rethrow();
//
// Everything here may be called from any thread. What can be done on the caller's thread is: loading, tokenizing,
// checking, compiling a grammar. Two engines of a process know nothing of each other.
//
// A request waits in line until the cells that it may come to need are free in the caches of all its models; first
// come, first served. One that can never fit is refused at once, with numbers.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/models.h"
#include "engine/ticket.h"

namespace decant {

struct EngineOptions {
  int prefill_chunk_size = 256;
  std::size_t max_live = 256;     // requests at a time
  std::size_t max_waiting = 256;  // requests in line: one more is refused
  std::size_t max_events = 256;   // of a ticket that nobody has read yet: then its request is held
  int kept_texts = 64;            // texts of requests that have ended, kept for those that begin like them; 0: none
};

struct Job {
  std::string model;  // whose vocabulary rules; the strategy may need others, which it names
  GenerationConfig config;
  Bookmark from = {};                         // where to go on
  std::vector<Token> prompt = {};             // behind it
  std::vector<Token> negative_prompt = {};    // what guidance_scale leads away from; empty: the prompt's last token
  std::string healed = {};                    // bytes that token healing took from the prompt's end
  std::vector<OwnProcessor> processors = {};  // the user's own, beside those that the options ask for
  StrategyFunction strategy = {};             // empty: the one that the options ask for
  Wishes wishes = {};
  Realm realm = 0;                  // texts of others share no cells with its own
  bool keeps_text = true;           // for requests that begin like it, once it has ended
  bool bookmarks = false;           // one behind each of its sequences, in the outcome
  std::shared_ptr<Bell> bell = {};  // of several tickets; empty: its own
};

class Engine {
 public:
  explicit Engine(EngineOptions options = {});
  ~Engine();  // ends what is under way, as cancelled
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Loads unless a model of that name is there or being loaded. `make` runs on this thread; what it throws is thrown.
  using MakeModel = std::function<std::shared_ptr<Model>()>;
  void load(const std::string& name, const MakeModel& make, int level = 0);

  // Nobody gets it any more; it goes when the last request that has it ends. False: there is none of that name.
  bool unload(const std::string& name);

  std::vector<std::string> models() const { return models_.names(); }
  std::shared_ptr<const Model> model(const std::string& name) const;  // info() and vocab() of it, on any thread

  // Throws Error for what cannot be carried out: unknown model, options that contradict each other, a prompt that is
  // too long (with numbers), a line that is full (unavailable).
  Ticket submit(Job job);

  // Caches as if nothing had run, and no kept texts: what comes depends on nothing that came before. Waits until it is
  // done. REQUIRES: nothing is under way.
  void forget();

  // For watching: cells in use, requests alive and in line.
  struct Load {
    int live = 0, waiting = 0, kept_texts = 0, bookmarks = 0, nodes = 0;
    std::vector<std::pair<std::string, int>> cells;  // by model
  };
  Load load() const;

 private:
  EngineOptions options_;
  Models models_;
  std::shared_ptr<Commands> commands_;
  std::unique_ptr<EngineCore> core_;
  std::thread thread_;
};

}  // namespace decant
