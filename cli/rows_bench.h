// `decant bench rows`: milliseconds of one forward of some rows, and of prompts, beside the memory limit.
//
// A model option may have several values: then the model is loaded once for each combination of them, and all are
// measured in turn, round after round. Before anything is timed, the same is done once untimed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "options/model_options.h"

namespace decant {

struct RowsBenchOptions {
  std::vector<int> rows = {1, 2, 4, 8, 16}, prefill;
  int context = 16, rounds = 20;

  Given given = {};
};

Fields<RowsBenchOptions> rows_bench_fields();

// One combination of the options' values, and which options have several.
struct ModelVariant {
  ModelOptions options;
  std::vector<const Field<ModelOptions>*> varied = {};
};

// The base with one more option set: each variant once for every value in the text, "on,off". Throws Error(usage).
std::vector<ModelVariant> vary(const std::vector<ModelVariant>& variants, const Field<ModelOptions>& field,
                               std::string_view text);

struct VariantTimes {
  ModelVariant variant;
  std::string description = {};  // of its context
  std::vector<std::vector<double>> rows = {},
                                   prefill = {};  // seconds, in the options' order; each has one for every round
};

struct RowsBenchTimes {
  RowsBenchOptions options = {};
  std::string model = {};
  int threads = 0;                  // of the variant with most of them; as many read the memory
  std::uint64_t bytes = 0;          // of the weights
  std::vector<double> memory = {};  // seconds of each round
  std::vector<VariantTimes> variants = {};
};

// Throws Error for options out of range, before any model is loaded where that can be known.
RowsBenchTimes measure_rows(const RowsBenchOptions& options, const std::vector<ModelVariant>& variants, bool quiet);

std::string rows_bench_json(const RowsBenchTimes& times);
std::string rows_bench_text(const RowsBenchTimes& times);

}  // namespace decant
