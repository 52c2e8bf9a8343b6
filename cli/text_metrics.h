// What can be measured of a generated text: its likelihood, and how much of it repeats.
//
//   rep-n       1 - different n-grams / n-grams, over the ids of the generated tokens; 0 when there are none
//   diversity   the product of 1 - rep-n for n = 2, 3, 4 (Su et al. 2022, "A Contrastive Framework for Neural Text
//   Generation") distinct-n  different n-grams / n-grams (Li et al. 2016, "A Diversity-Promoting Objective Function"):
//   1 - rep-n
#pragma once

#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/token.h"

namespace decant {

struct TextMetrics {  // NaN: there is nothing to measure
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double tokens = 0;
  double log_likelihood = none;  // nats a token, under the (expert) model
  double entropy = none;         // bits, of the model's distributions: the mean along the text
  double rep_2 = 0, rep_3 = 0, rep_4 = 0;
  double diversity = 1;
  double distinct_1 = 1, distinct_2 = 1, distinct_3 = 1;
  double seconds = none;  // for the whole text, the prompt included
  double tokens_per_second = none;
};

// One row for each metric: tables, plots and JSON are functions of them.
struct MetricInfo {
  std::string_view name;   // in JSON
  std::string_view label;  // in tables
  int decimals;
  bool is_time;  // differs from run to run
  std::string_view doc;
  double TextMetrics::*value;
};
std::span<const MetricInfo> metrics();

// tokens, rep_*, diversity and distinct_*; the rest is not in the ids.
TextMetrics measure(std::span<const Token> ids);

double repetition(std::span<const Token> ids, int n);  // rep-n

// For each token whether it belongs to an n-gram that stands further ahead in the text as well.
std::vector<bool> repeated_tokens(std::span<const Token> ids, int n);

TextMetrics no_metrics();  // of no text: none of anything

// Of each metric, over the texts that have it.
TextMetrics mean(std::span<const TextMetrics> all);

// "metrics": {...}, and apart from them "time": {...}, into an object that the caller has begun.
void write_metrics(JsonWriter& json, const TextMetrics& metrics);
void write_times(JsonWriter& json, const TextMetrics& metrics);

// The table of metrics itself, for readers of the JSON that show them; then the values in its order.
void write_metric_table(JsonWriter& json);
void write_row(JsonWriter& json, const TextMetrics& metrics);

std::string show(const TextMetrics& metrics, const MetricInfo& metric);  // "-1.234"; "-" where there is none

}  // namespace decant
