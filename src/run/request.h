// What a front end asks for, and what it is told and given: a Request, an observer, the sequences.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/generation_config.h"
#include "processors/chain.h"
#include "run/inquiry.h"
#include "run/search_trace.h"
#include "run/stop.h"
#include "run/task.h"
#include "run/trace.h"
#include "tree/prefix_tree.h"

namespace decant {

class Run;

using StrategyFunction = std::function<Task<void>(Run&)>;

// What a search says of an answer it found.
struct BeamScore {
  double sum = 0;                       // of the processed scores along the text
  double normalized = 0;                // what the answers are ranked by
  std::vector<std::string> unmet = {};  // of the forced words
};

struct Sequence {                  // one answer
  std::vector<Token> ids;          // generated tokens, the end-of-sequence token included
  std::string bytes;               // their text, without healed bytes; cut before a stop string that is not to be shown
  double score = 0;                // sum of the model's log-probabilities of `ids`
  std::vector<double> log_p = {};  // these, in the order of `ids`
  std::optional<BeamScore> beam = {};
  FinishReason finish = FinishReason::running;
  std::string dead_end = {};  // at one: what left no token, and where
};

// What drafts were worth.
struct SpeculationStats {
  struct Drafter {
    std::string_view name;
    std::int64_t rounds = 0;                               // in which it said something
    std::int64_t idle = 0;                                 // in which its guesses would not have paid: none were made
    std::int64_t drafted = 0, kept = 0;                    // tokens
    std::vector<std::int64_t> reached = {}, kept_at = {};  // by depth: rounds that verified it, and kept it
  };
  std::int64_t rounds = 0;       // of all texts: evaluations of the end of a text
  std::int64_t tokens = 0;       // that they have written
  std::int64_t with_prompt = 0;  // of them, those that the forward that read the prompt has verified
  std::vector<Drafter> drafters = {};
};

struct RunStats {
  int prompt_tokens = 0;
  int new_tokens = 0;      // over all sequences
  std::int64_t evals = 0;  // forwards of a model that this Run had rows in
  std::int64_t rows = 0;   // rows evaluated for it
  double prefill_s = 0;    // until the first distribution after the prompt
  double decode_s = 0;     // from then on
  SpeculationStats speculation = {};
};

// Told of everything that a Run produces, while it runs. It must not destroy the Run.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual bool wants_text() const { return true; }  // token() and finished()
  virtual void token(int /*sequence*/, Token /*token*/, std::string_view /*bytes added to the text*/) {}
  virtual void finished(int /*sequence*/, Stop /*stop*/) {}
  virtual bool wants_decisions() const { return false; }
  virtual bool wants_stage_scores() const { return false; }  // in the decisions
  virtual void decision(const Decision& /*decision*/) {}
  virtual bool wants_search() const { return false; }
  virtual void search(const SearchStep& /*step*/) {}
  virtual void search_ended(std::span<const SearchEnd> /*the answers first, each part best first*/) {}
};

// What a strategy does that others have to know.
struct StrategyFacts {
  bool draws = false;        // tokens at random
  bool keeps_beams = false;  // several texts, of which some are answers at the end
  bool looks_ahead = false;  // evaluates a token before it chooses it
};

struct Request {
  GenerationConfig config;
  std::vector<Token> prompt;
  std::vector<Token> negative_prompt = {};  // what guidance_scale leads away from; empty: the prompt's last token
  std::string healed = {};  // bytes that token healing took from the prompt's end: the tokens begin with them
  std::vector<OwnProcessor> processors = {};  // the user's own, beside those that the options ask for
  StrategyFunction strategy;
  StrategyFacts does = {};
  std::vector<ModelId> models = {0};  // of the scheduler: the Run's model 0 (whose vocabulary rules), 1, ...
  int n_drafting = 0;                 // of them, the last ones: they only guess, and bound no text
  Realm realm = 0;                    // whose texts it shares cells with
  RunObserver* observer = nullptr;
  std::shared_ptr<const Chain> chain = {};  // compile() makes it
};

// The longest text that can be read, prompt included, on models with such contexts: of all those that read the whole
// text the shortest, less what guidance and looking ahead need of it.
int longest_text(const Request& request, std::span<const ModelInfo* const> models);

// Makes the request's chain, on the caller's thread and before anybody waits for it: a grammar can take a while. Throws
// Error(usage) for options that cannot be carried out.
void compile(Request& request, const Vocab& vocab, std::span<const ModelInfo* const> models);

// Throws Error if the prompts cannot be continued on the models (empty, too long, or not their tokens).
void check_prompts(const Request& request, std::span<const ModelInfo* const> models);

std::uint64_t random_seed();

}  // namespace decant
