// Drafters: who guesses how a text goes on, so that several of its tokens can be verified in one forward. Each has its
// row in its own file:
//
//   const Registered<DrafterRow> row({.name = "prompt_lookup", .order = 1, ...});
//
// A drafter changes no text, only the time that it takes (verification by race; strategies/speculative.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "drafters/draft.h"
#include "drafters/draft_length.h"
#include "options/option.h"
#include "run/run.h"

namespace decant {

inline constexpr std::string_view speculation_group = "Speculation";

class Drafter {
 public:
  virtual ~Drafter() = default;

  // Adds guesses to those drafts that are empty and have room. May evaluate other models.
  virtual Task<void> draft(Run& run, std::span<Draft> drafts) = 0;

  // Seconds of the last draft() that went into reading what its model had not read yet.
  virtual double catching_up() const { return 0; }
};

// One that only looks at the text, and need not wait for anybody.
class Lookup : public Drafter {
 public:
  Task<void> draft(Run& run, std::span<Draft> drafts) final;
  virtual void look_up(Run& run, Draft& draft) = 0;

 private:
  virtual bool knows_grammar() const { return false; }  // else what it guesses and no text may have is left out
};

struct DrafterRow {
  std::string_view name;
  int order = 0;                                            // who is asked first where the user does not say
  std::string_view doc;                                     // one line
  bool (*is_asked_for)(const GenerationConfig&) = nullptr;  // by an option of its own
  bool (*is_usual)(const GenerationConfig&) = nullptr;      // takes part in speculate=auto
  std::vector<std::string_view> needs = {};                 // options, without one of which it can do nothing
  std::vector<std::string_view> reads = {};                 // options that do nothing where no drafter reads them
  int (*most)(const GenerationConfig&) = nullptr;           // tokens that it guesses at a time
  std::vector<int> kinds = {DraftLength::kUsualKind};       // of its drafts
  std::vector<std::string> (*models)(const GenerationConfig&) = nullptr;  // that it evaluates, by name; null: none
  std::unique_ptr<Drafter> (*make)(const Run& run, int first_model) = nullptr;  // of the Run's models, its first
  std::string_view (*instead)(const Run& run, int first_model) = nullptr;       // who guesses in its place; "": nobody
};

// In the order in which they are asked.
std::vector<const DrafterRow*> all_drafters();

// Throws Error(usage) for options of speculation that do nothing with the others, and for unknown drafters.
void check_drafters(const GenerationConfig& config);

// What a run drafts with, in the order in which they are asked. Throws Error(usage) for an unknown name and for a
// drafter whose option is missing.
std::vector<const DrafterRow*> drafters_of(const GenerationConfig& config);

// Whether it is left to decant who guesses (speculate=auto).
bool chooses_drafters(const GenerationConfig& config);

// Whether they were not asked for by anything but speculate=auto: they may as well do nothing.
bool only_usual(const GenerationConfig& config);

// Who guesses where `row` was chosen, on these models.
const DrafterRow& who_guesses(const DrafterRow& row, const Run& run, int first_model);

// All models that they evaluate, by name, in their order.
std::vector<std::string> draft_models(const GenerationConfig& config);

// Tokens that are guessed at a time, at most.
int most_guesses(const GenerationConfig& config);

extern const Option<std::string> verify_option;  // race, rejection, block
extern const Option<int> num_assistant_tokens;   // tokens that a model drafts at a time

// How much a drafter guesses: as much as is worth it (drafters/draft_length.h), as much as was asked for, or as Hugging
// Face's assistants do, which begin anew with every text here (both of its heuristic schedules).
enum class DraftSchedule { measured, constant, heuristic };
DraftSchedule draft_schedule(const GenerationConfig& config);

std::string drafter_list();  // the names of all, separated by commas

}  // namespace decant
