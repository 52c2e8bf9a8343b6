// The row of a processor: what the recipe has to know of it, beside it in its own file (base/registry.h).
//
//   const Registered<ProcessorRow> row({.option = "min_p", .part = ChainPart::warper, .place = 700, ...});
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/registry.h"
#include "model/vocab.h"
#include "options/generation_config.h"
#include "processors/processor.h"

namespace decant {

// A chain has three parts, one behind the other.
enum class ChainPart {
  edit,    // what every strategy has: penalties, bans, constraints
  warper,  // what only sampling has: temperatures and truncations
  ending,  // behind all others: watermark, renormalisation
};

// A processor of the user's own. Left alone it stands where Hugging Face puts a custom logits processor: behind the
// edits, before temperature. (There, one of a built-in's class takes its place or is an error, by version; here, both
// work.) It cannot be moved by sampler_order, and as a warper it works only when sampling.
struct OwnProcessor {
  std::shared_ptr<const Processor> processor;  // not null
  ChainPart part = ChainPart::edit;
  int place = std::numeric_limits<int>::max();  // see ProcessorRow; of equal places the built-in ones come first
};

// What processors have to know besides the options.
struct ChainSetup {
  const Vocab* vocab = nullptr;  // without one, options that need text or ids cannot be checked, and are errors
  std::vector<Token> eos = {};   // tokens that end a sequence
  int max_length = std::numeric_limits<int>::max();  // prompt included
  int min_tokens_to_keep = 1;                        // by every truncation, unless the option asks for more
  std::string healed = {};                           // bytes that token healing took from the prompt
  std::vector<OwnProcessor> own = {};

  const Vocab& needed_vocab() const {
    if (!vocab) throw Error(ErrorKind::usage, "an option that reads text or token ids needs a vocabulary");
    return *vocab;
  }
};

using ProcessorPtr = std::unique_ptr<const Processor>;

struct ProcessorRow {
  std::string_view option;  // that turns it on, and its name in traces and messages

  // Its place among those of its part, in Hugging Face's order, what that does not have beside what is like it. The
  // numbers mean nothing but their order; they lie 100 apart, so that a new processor fits between any two.
  ChainPart part;
  int place;

  // What sampler_order calls it, both names if it has two (several processors may share one); none: cannot be moved.
  std::array<std::string_view, 2> order_names = {};

  // Cuts by a threshold of its own. Mirostat, which makes the cut itself, contradicts it and leaves it out.
  bool truncates = false;

  // Never removes the likeliest token, nor makes another one likelier: what is greedy stays so. Of a warper.
  bool keeps_best = false;

  // Whether it may leave a score above 0 where all that it is given are log-probabilities; null: it never does.
  bool (*raises)(const GenerationConfig& config) = nullptr;

  bool normalizes = false;  // leaves log-probabilities whatever it is given

  bool (*is_on)(const GenerationConfig& config, const ChainSetup& setup);

  // Throws Error(usage) for values that cannot be carried out.
  ProcessorPtr (*make)(const GenerationConfig& config, const ChainSetup& setup);
};

// std::make_unique, as a row's make() returns it.
template <class P, class... Arguments>
ProcessorPtr made(Arguments&&... arguments) {
  return std::make_unique<P>(std::forward<Arguments>(arguments)...);
}

}  // namespace decant
