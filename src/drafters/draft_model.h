// What drafters that ask a model have in common.
#pragma once

#include <memory>
#include <string>

#include "drafters/drafter.h"

namespace decant {

extern const Option<std::string> assistant_model;

// How a model reads texts that are not in its own tokens.
class Reading {
 public:
  virtual ~Reading() = default;

  virtual Node begin(Run& run, const Draft& draft) = 0;         // the text; no node: it cannot be read
  virtual EvalRow row(const EvalRow& its) = 0;                  // in the target's vocabulary; valid until the next call
  virtual Node after(const Node& read, Token token) const = 0;  // `token` is the target's
};

// `reading` null: the texts are in its tokens.
std::unique_ptr<Drafter> make_draft_model(const Run& run, int model, std::unique_ptr<Reading> reading = nullptr);

}  // namespace decant
