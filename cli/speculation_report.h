// What guessing was worth: lines for --stats, an object for --json.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "run/request.h"

namespace decant {

// "guesses   prompt_lookup in 7 of 17 rounds: ...\n"; empty where nobody was to guess.
std::string speculation_lines(const SpeculationStats& stats);

// {"rounds":..,"tokens":..,"saved":..,"drafters":[...]}; REQUIRES: somebody was to guess.
void write_speculation(JsonWriter& json, const SpeculationStats& stats);

}  // namespace decant
