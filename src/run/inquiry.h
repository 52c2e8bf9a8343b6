// What somebody waits for: all that the scheduler knows of a Run.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/model.h"
#include "numerics/log_sum_exp.h"
#include "tree/prefix_tree.h"

namespace decant {

using ModelId = int;  // of a scheduler's models

// What a model says at a node. Views into the model's memory, or into the target's where it had to be copied.
struct EvalRow {
  std::span<const float> logits = {};               // n_vocab
  std::optional<LogSum> sum = {};                   // of the logits; a row that is made by hand need not have it
  std::span<const float> hidden = {};               // n_embd
  std::vector<std::span<const float>> layers = {};  // n_vocab each, in the order asked for
  std::vector<std::span<const float>> states = {};  // n_embd each, in the order asked for
  std::span<const float> unconditional = {};        // logits behind the negative prompt, when guidance_scale is set
};
using Rows = std::span<const EvalRow>;

struct Target {
  Node node;
  const Outputs* outputs = nullptr;  // lives as long as the inquiry is posted
  ModelId model = 0;
  int row = -1;  // in the batch under way
  bool done = false;
  std::vector<float> kept = {};  // a copy of the outputs, when the model's memory was needed for another batch
};

struct Inquiry {
  std::vector<Target> targets;  // to be answered together; none: the asker only wants to go on
  std::vector<EvalRow> rows;    // of the targets
  std::exception_ptr error;     // instead of rows

  std::vector<ModelId> models;  // the asker's: the cache of each keeps what leads to a target
  int age = 0;                  // smaller is older, and goes first where there is not enough for all
  bool held = false;            // the asker does not want to go on now: it is not served, and nothing is kept for it
  std::function<void()> go_on;  // called by the scheduler when all is answered

  std::int64_t n_evals = 0;  // forwards of a model that it had rows in
  std::int64_t n_rows = 0;   // rows evaluated for it

  // The scheduler's own.
  bool spoils = false;             // by itself, too, it has led to numbers that are not finite
  std::size_t first_open = 0;      // targets before it are done
  std::vector<std::size_t> fresh;  // targets whose rows still lie in a model's memory

  bool wants(ModelId model) const {  // open targets of that model
    for (std::size_t i = first_open; i < targets.size(); ++i) {
      if (!targets[i].done && targets[i].model == model) return !error;
    }
    return false;
  }
  bool answered() const { return error || first_open == targets.size(); }
};

}  // namespace decant
