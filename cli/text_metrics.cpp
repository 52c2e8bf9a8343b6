// Tested by tests/cli/text_metrics_test.cpp.
#include "cli/text_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace decant {
namespace {

// The positions of all n-grams, equal ones side by side and in the order of the text.
std::vector<std::size_t> sorted_ngrams(std::span<const Token> ids, int n) {
  const auto length = static_cast<std::size_t>(n);
  std::vector<std::size_t> order(ids.size() < length ? 0 : ids.size() - length + 1);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(ids.subspan(a, length), ids.subspan(b, length));
  });
  return order;
}

// Calls found(position) for every n-gram that stands further ahead as well. Returns how many n-grams there are.
template <class Found>
std::size_t for_each_repeated(std::span<const Token> ids, int n, Found found) {
  const std::vector<std::size_t> order = sorted_ngrams(ids, n);
  const auto length = static_cast<std::size_t>(n);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (std::ranges::equal(ids.subspan(order[i - 1], length), ids.subspan(order[i], length))) found(order[i]);
  }
  return order.size();
}

void write_object(JsonWriter& json, std::string_view name, const TextMetrics& values, bool times) {
  json.key(name).begin_object();
  for (const MetricInfo& metric : metrics()) {
    if (metric.is_time == times) json.field(metric.name, values.*metric.value);
  }
  json.end_object();
}

}  // namespace

std::span<const MetricInfo> metrics() {
  using M = TextMetrics;
  static constexpr MetricInfo table[] = {
      {"tokens", "tokens", 0, false, "generated, the one that ends the text included", &M::tokens},
      {"log_likelihood", "ln p a token", 3, false, "mean log-likelihood of a token under the model, in nats",
       &M::log_likelihood},
      {"entropy", "entropy", 2, false, "mean entropy of the model's distribution, in bits", &M::entropy},
      {"rep_2", "rep-2", 3, false, "share of the 2-grams that stand further ahead as well", &M::rep_2},
      {"rep_3", "rep-3", 3, false, "share of the 3-grams that stand further ahead as well", &M::rep_3},
      {"rep_4", "rep-4", 3, false, "share of the 4-grams that stand further ahead as well", &M::rep_4},
      {"diversity", "diversity", 3, false, "the product of 1 - rep-n for n = 2, 3, 4", &M::diversity},
      {"distinct_1", "distinct-1", 3, false, "different tokens / tokens", &M::distinct_1},
      {"distinct_2", "distinct-2", 3, false, "different 2-grams / 2-grams", &M::distinct_2},
      {"distinct_3", "distinct-3", 3, false, "different 3-grams / 3-grams", &M::distinct_3},
      {"seconds", "seconds", 2, true, "for the whole text, the prompt included", &M::seconds},
      {"tokens_per_second", "tokens a second", 1, true, "after the prompt", &M::tokens_per_second},
  };
  return table;
}

double repetition(std::span<const Token> ids, int n) {
  std::size_t repeated = 0;
  const std::size_t all = for_each_repeated(ids, n, [&](std::size_t) { ++repeated; });
  return all == 0 ? 0 : static_cast<double>(repeated) / static_cast<double>(all);
}

TextMetrics measure(std::span<const Token> ids) {
  TextMetrics values;
  values.tokens = static_cast<double>(ids.size());
  values.rep_2 = repetition(ids, 2);
  values.rep_3 = repetition(ids, 3);
  values.rep_4 = repetition(ids, 4);
  values.diversity = (1 - values.rep_2) * (1 - values.rep_3) * (1 - values.rep_4);
  values.distinct_1 = 1 - repetition(ids, 1);
  values.distinct_2 = 1 - values.rep_2;
  values.distinct_3 = 1 - values.rep_3;
  return values;
}

std::vector<bool> repeated_tokens(std::span<const Token> ids, int n) {
  std::vector<bool> marks(ids.size());
  for_each_repeated(
      ids, n, [&](std::size_t begin) { std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(begin), n, true); });
  return marks;
}

TextMetrics no_metrics() {
  TextMetrics nothing;
  for (const MetricInfo& metric : metrics()) nothing.*metric.value = TextMetrics::none;
  return nothing;
}

TextMetrics mean(std::span<const TextMetrics> all) {
  TextMetrics means;
  for (const MetricInfo& metric : metrics()) {
    double sum = 0;
    int count = 0;
    for (const TextMetrics& each : all) {
      const double value = each.*metric.value;
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
    means.*metric.value = count == 0 ? TextMetrics::none : sum / count;
  }
  return means;
}

void write_metrics(JsonWriter& json, const TextMetrics& metrics) { write_object(json, "metrics", metrics, false); }
void write_times(JsonWriter& json, const TextMetrics& metrics) { write_object(json, "time", metrics, true); }

void write_metric_table(JsonWriter& json) {
  json.begin_array();
  for (const MetricInfo& metric : metrics()) {
    json.begin_object().field("name", metric.name).field("label", metric.label).field("doc", metric.doc);
    json.field("decimals", metric.decimals).field("is_time", metric.is_time).end_object();
  }
  json.end_array();
}

void write_row(JsonWriter& json, const TextMetrics& values) {
  json.begin_array();
  for (const MetricInfo& metric : metrics()) json.value(values.*metric.value);
  json.end_array();
}

std::string show(const TextMetrics& values, const MetricInfo& metric) {
  const double value = values.*metric.value;
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, metric.decimals);
}

}  // namespace decant
