// The figures of `decant bench rows`, as JSON and as a table.
#include <fmt/format.h>

#include "cli/rows_bench.h"
#include "measure/median.h"
#include "options/table.h"

namespace decant {
namespace {

using Figures = std::vector<std::vector<double>> VariantTimes::*;

constexpr double kMilli = 1000, kGiga = 1e9;

// Every count under every variant: call(count, variant, its seconds, those of the first variant).
template <class Call>
void for_each(const RowsBenchTimes& times, const std::vector<int>& counts, Figures figures, Call call) {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    for (const VariantTimes& each : times.variants) {
      call(counts[k], each.variant, (each.*figures)[k], (times.variants[0].*figures)[k]);
    }
  }
}

void write_option(JsonWriter& json, const ModelOptions& options, const Field<ModelOptions>& field) {
  json.key(field.name);
  write_json(json, value_of(options, field));
}

void write_figures(JsonWriter& json, const RowsBenchTimes& times, std::string_view name, std::string_view unit,
                   const std::vector<int>& counts, Figures figures) {
  json.key(name).begin_array();
  for_each(times, counts, figures, [&](int count, const ModelVariant& variant, const auto& seconds, const auto& first) {
    json.begin_object().field(unit, count);
    for (const auto* field : variant.varied) write_option(json, variant.options, *field);
    json.field("ms", kMilli * median(seconds));
    if (figures == &VariantTimes::rows) json.field("of_memory", median_ratio(seconds, times.memory));
    if (times.variants.size() > 1) json.field("of_first", median_ratio(seconds, first));
    json.end_object();
  });
  json.end_array();
}

double gigabytes_per_second(const RowsBenchTimes& times) {
  return static_cast<double>(times.bytes) / kGiga / median(times.memory);
}

std::string label(const ModelVariant& variant) {
  std::string text;
  for (const auto* field : variant.varied) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field->name, to_text(value_of(variant.options, *field)));
  }
  return text;
}

std::string table(const RowsBenchTimes& times, std::string_view unit, const std::vector<int>& counts, Figures figures) {
  if (counts.empty()) return "";
  const bool several = times.variants.size() > 1, of_memory = figures == &VariantTimes::rows;
  std::size_t width = 0;
  for (const VariantTimes& each : times.variants) width = std::max(width, label(each.variant).size());
  std::string text = fmt::format("\n{:>6}{:>{}}{:>9}{:>11}", unit, "", several ? width + 2 : 0, "ms", "tokens/s");
  text += fmt::format("{}{}\n", of_memory ? "   of memory" : "", several ? "    of first" : "");
  for_each(times, counts, figures, [&](int count, const ModelVariant& variant, const auto& seconds, const auto& first) {
    text += fmt::format("{:>6}", count);
    if (several) text += fmt::format("  {:<{}}", label(variant), width);
    text += fmt::format("{:>9.2f}{:>11.0f}", kMilli * median(seconds), count / median(seconds));
    if (of_memory) text += fmt::format("{:>11.2f}x", median_ratio(seconds, times.memory));
    if (several) text += fmt::format("{:>11.2f}x", median_ratio(seconds, first));
    text += "\n";
  });
  return text;
}

}  // namespace

std::string rows_bench_json(const RowsBenchTimes& times) {
  JsonWriter json;
  json.begin_object().field("model", times.model).field("threads", times.threads);
  json.field("context", times.options.context).field("rounds", times.options.rounds);
  json.key("settings").begin_array();
  for (const VariantTimes& each : times.variants) {
    json.begin_object();
    for (const auto& field : model_fields()) {
      if (field.name != "model" && is_given(each.variant.options, field))
        write_option(json, each.variant.options, field);
    }
    json.field("description", each.description).end_object();
  }
  json.end_array().key("memory").begin_object().field("bytes", times.bytes);
  json.field("ms", kMilli * median(times.memory)).field("gb_per_s", gigabytes_per_second(times)).end_object();
  write_figures(json, times, "rows", "rows", times.options.rows, &VariantTimes::rows);
  if (!times.options.prefill.empty()) {
    write_figures(json, times, "prefill", "tokens", times.options.prefill, &VariantTimes::prefill);
  }
  return json.end_object().text() + "\n";
}

std::string rows_bench_text(const RowsBenchTimes& times) {
  std::string text = fmt::format("{}, {} tokens cached, medians of {} rounds\n", times.model, times.options.context,
                                 times.options.rounds);
  for (const VariantTimes& each : times.variants) {
    const std::string name = label(each.variant);
    text += fmt::format("{}{}{}\n", name, name.empty() ? "" : ": ", each.description);
  }
  text += fmt::format("memory: {:.1f} MB in {:.2f} ms, {:.1f} GB/s\n", static_cast<double>(times.bytes) / 1e6,
                      kMilli * median(times.memory), gigabytes_per_second(times));
  text += table(times, "rows", times.options.rows, &VariantTimes::rows);
  return text + table(times, "prompt", times.options.prefill, &VariantTimes::prefill);
}

}  // namespace decant
