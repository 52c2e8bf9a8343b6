// The trace of a search that keeps several texts alive: a tree, told step by step.
//
// Every text that a step keeps or finishes is a node, numbered from 1 in the order of their making; 0 is the prompt. In
// JSON Lines a step is {"schema": ..., "search": {...}} and the end {"schema": ..., "finished": [...]}: docs/trace.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "model/vocab.h"
#include "run/stop.h"

namespace decant {

enum class Fate { kept, finished, pruned };

// Why a candidate was pruned, or a finished one is not among the answers.
enum class PruneReason {
  none,
  rank,              // others were better
  finished,          // it ended, but was not among the num_beams best
  group_penalty,     // the diversity penalty cost it its place
  constraint_bank,   // displaced by one that is further with the forced words
  constraint_unmet,  // it ended before the forced words were there
  pool,              // it ended, but the finished texts are better
};

std::string_view to_string(Fate fate);
std::string_view to_string(PruneReason reason);

struct SearchCandidate {
  int parent = 0;
  Token token = -1;
  int group = 0;
  int rank = 0;      // in its group, by the order in which they were considered: 0 is the first
  double log_p = 0;  // what the token adds: its processed score
  double score = 0;  // the sum
  Fate fate = Fate::pruned;
  PruneReason reason = PruneReason::rank;
  int node = -1;  // -1: pruned
  int lane = -1;  // kept: its place among the beams that go on
  FinishReason finish = FinishReason::running;
  int length = 0;                // finished: as length_penalty counts it
  double normalized = 0;         // finished
  double penalty = 0;            // for diversity, already in log_p
  std::optional<int> bank = {};  // how far it is with the forced words
};

struct SearchStep {
  int position = 0;  // of the tokens being chosen, the prompt counted
  double seconds = 0;
  std::vector<SearchCandidate> candidates;
};

struct SearchEnd {    // one text that ended
  int sequence = -1;  // among the answers; -1: it is none
  int node = 0;
  int group = 0;
  double score = 0;
  int length = 0;
  double normalized = 0;
  FinishReason finish = FinishReason::running;
  std::vector<std::string> unmet = {};
};

// Into an object that the caller has begun.
void write_fields(JsonWriter& json, const SearchStep& step, const Vocab& vocab);
void write_fields(JsonWriter& json, std::span<const SearchEnd> ends);

}  // namespace decant
