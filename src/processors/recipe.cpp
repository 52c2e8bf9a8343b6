// Tested by tests/processors/recipe_test.cpp.
#include "processors/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <tuple>

#include "options/table.h"

namespace decant {
namespace {

constexpr std::string_view llama_order = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";

// A processor of the chain to be, with what decides about its place.
struct Part {
  std::shared_ptr<const Processor> processor;
  ChainPart part;
  int place;
  const ProcessorRow* row = nullptr;  // null for one of the user's own
};
using Parts = std::vector<Part>;

bool can_move(const Part& part) { return part.row && !part.row->order_names[0].empty(); }

bool is_named(const ProcessorRow& row, std::string_view order_name) {
  return std::find(row.order_names.begin(), row.order_names.end(), order_name) != row.order_names.end();
}

// Everything that is on, in the order of the places.
Parts all_parts(const GenerationConfig& config, bool sampling, const ChainSetup& setup) {
  Parts parts;
  for (const ProcessorRow* row : processor_rows()) {
    if (row->part == ChainPart::warper && !sampling) continue;
    if (row->truncates && config.mirostat != 0) continue;
    if (row->is_on(config, setup)) parts.push_back({row->make(config, setup), row->part, row->place, row});
  }
  for (const OwnProcessor& own : setup.own) {
    assert(own.processor);
    if (own.part != ChainPart::warper || sampling) parts.push_back({own.processor, own.part, own.place});
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return std::tie(a.part, a.place) < std::tie(b.part, b.place); });
  return parts;
}

std::vector<std::string_view> split(std::string_view order) {
  std::vector<std::string_view> names;
  while (!order.empty()) {
    const std::size_t end = std::min(order.find_first_of(";, "), order.size());
    if (end > 0) names.push_back(order.substr(0, end));
    order.remove_prefix(std::min(end + 1, order.size()));
  }
  return names;
}

void check_order_name(std::string_view name) {
  std::vector<std::string_view> known;
  for (const ProcessorRow* row : processor_rows()) {
    if (is_named(*row, name)) return;
    for (const std::string_view each : row->order_names) {
      if (!each.empty() && (known.empty() || known.back() != each)) known.push_back(each);
    }
  }
  throw Error(ErrorKind::usage, "sampler_order names '{}': it can name {}, or be llama.cpp", name,
              fmt::join(known, ", "));
}

// Takes the parts that the order names, in its order.
Parts take_in_order(Parts& parts, std::string_view order) {
  Parts taken;
  for (const std::string_view name : split(order == "llama.cpp" ? llama_order : order)) {
    check_order_name(name);
    const auto rest = std::stable_partition(parts.begin(), parts.end(),
                                            [&](const Part& part) { return part.row && is_named(*part.row, name); });
    std::move(parts.begin(), rest, std::back_inserter(taken));
    parts.erase(parts.begin(), rest);
  }
  return taken;
}

// Something that is on by default is off without a word.
void reject_unlisted(const Parts& parts, const GenerationConfig& config) {
  const auto table = generation_fields();
  for (const Part& part : parts) {
    const auto* field = find(table, part.row->option);
    if (field && !is_set(config, *field)) continue;
    throw Error(ErrorKind::usage, "{0} is set, but sampler_order does not list it: add it there, or drop {0}",
                part.row->option);
  }
}

Parts moved(Parts parts, const GenerationConfig& config) {
  Parts result, moving, endings;
  for (Part& part : parts) {
    (part.part == ChainPart::ending ? endings : can_move(part) ? moving : result).push_back(std::move(part));
  }
  Parts listed = take_in_order(moving, config.sampler_order);
  reject_unlisted(moving, config);
  std::move(listed.begin(), listed.end(), std::back_inserter(result));
  std::move(endings.begin(), endings.end(), std::back_inserter(result));
  return result;
}

// "top_p 0.9"
std::string with_value(std::string_view option, const GenerationConfig& config) {
  const auto* field = find(generation_fields(), option);
  return field ? fmt::format("{} {}", option, to_text(value_of(config, *field))) : std::string(option);
}

[[noreturn]] void idle(std::string_view option, const GenerationConfig& config, std::string_view reason) {
  throw Error(ErrorKind::usage, "{} does nothing {}: change that, or drop {}", with_value(option, config), reason,
              option);
}

// Whether some truncation that heeds min_tokens_to_keep might leave fewer than n.
bool has_cut_below(const GenerationConfig& config, int n) {
  const bool top_k = config.top_k > 0 && config.top_k < n;
  return config.mirostat == 0 &&
         (top_k || config.top_p < 1 || config.min_p > 0 || config.typical_p < 1 || config.epsilon_cutoff > 0 ||
          config.eta_cutoff > 0 || config.top_h || config.xtc_probability > 0);
}

// On by default is no wish.
bool is_asked_for(const ProcessorRow& row, const GenerationConfig& config) {
  const auto* field = find(generation_fields(), row.option);
  return row.is_on(config, {}) && !(field && is_equal(value_of(config, *field), default_of(*field)));
}

}  // namespace

std::vector<const ProcessorRow*> processor_rows() {
  std::vector<const ProcessorRow*> rows = registered<ProcessorRow>();
  std::sort(rows.begin(), rows.end(), [](const ProcessorRow* a, const ProcessorRow* b) {
    return std::tie(a->part, a->place, a->option) < std::tie(b->part, b->place, b->option);
  });
  return rows;
}

Recipe make_recipe(const GenerationConfig& config, bool sampling, const ChainSetup& setup) {
  reject_processor_contradictions(config);
  Parts parts = all_parts(config, sampling, setup);
  if (!config.sampler_order.empty()) parts = moved(std::move(parts), config);
  const auto first_cut =
      std::find_if(parts.begin(), parts.end(), [](const Part& part) { return part.part != ChainPart::edit; });
  Recipe recipe;
  recipe.n_edits = static_cast<std::size_t>(first_cut - parts.begin());
  for (Part& part : parts) {
    const bool normalizes = part.row && part.row->normalizes;
    const bool raises =
        !part.row || (part.row->raises && part.row->raises(config));  // of a user's own nothing is known
    recipe.raises = !normalizes && (recipe.raises || raises);
    recipe.normalizes = normalizes || (recipe.normalizes && !raises);
    recipe.processors.push_back(std::move(part.processor));
  }
  return recipe;
}

bool raises_scores(const GenerationConfig& config) {
  const auto rows = processor_rows();
  const bool normalizes =
      std::any_of(rows.begin(), rows.end(), [&](const auto* row) { return row->normalizes && row->is_on(config, {}); });
  return !normalizes && std::any_of(rows.begin(), rows.end(), [&](const auto* row) {
    return row->raises && row->is_on(config, {}) && row->raises(config);
  });
}

void reject_what_temperature_0_is_not(const GenerationConfig& config) {
  for (const ProcessorRow* row : processor_rows()) {
    if (row->part != ChainPart::warper || row->keeps_best || !row->is_on(config, {})) continue;
    reject_contradiction("temperature 0", with_value(row->option, config));
  }
}

bool orders_something(const GenerationConfig& config, bool sampling) {
  const auto rows = processor_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const ProcessorRow* row) {
    const bool works = row->part != ChainPart::warper || sampling;
    return works && !row->order_names[0].empty() && row->is_on(config, {});
  });
}

namespace {

void reject_idle_order(const GenerationConfig& config, bool sampling) {
  if (config.sampler_order.empty()) return;
  if (config.sampler_order != "llama.cpp") {
    for (const std::string_view name : split(config.sampler_order)) check_order_name(name);
  }
  if (config.temperature != 0 && !orders_something(config, sampling))
    idle("sampler_order", config, "where nothing is on that has a place in it");
}

}  // namespace

void reject_idle_processor_options(const GenerationConfig& config, bool sampling) {
  const auto table = generation_fields();
  const auto is_changed = [&](std::string_view option) {
    const auto& field = get(table, option);
    return !is_equal(value_of(config, field), default_of(field));
  };
  const std::string_view penalty = is_changed("repetition_penalty")  ? "repetition_penalty"
                                   : is_changed("frequency_penalty") ? "frequency_penalty"
                                   : is_changed("presence_penalty")  ? "presence_penalty"
                                                                     : "";
  if (penalty.empty() && is_changed("penalty_last_n"))
    idle("penalty_last_n", config, "without repetition_penalty, frequency_penalty or presence_penalty");
  if (config.penalty_last_n == 0 && !penalty.empty())
    idle(penalty, config, "with penalty_last_n 0, which looks at no token");
  if (config.dry_multiplier != 0 && config.dry_penalty_last_n == 0)
    idle("dry_multiplier", config, "with dry_penalty_last_n 0, which looks at no token");
  if (config.xtc_probability > 0 && config.xtc_threshold > .5)
    idle("xtc_probability", config, "with an xtc_threshold above 0.5, which no two tokens reach");
  if (config.watermark && config.watermark_bias == 0) idle("watermark", config, "with watermark_bias 0");
  if (config.watermark && config.watermark_greenlist_ratio == 1)
    idle("watermark", config, "with watermark_greenlist_ratio 1, which favours every token");
  if (sampling && is_changed("min_tokens_to_keep") && !has_cut_below(config, config.min_tokens_to_keep))
    idle("min_tokens_to_keep", config, "without a cut that could leave fewer");
  reject_idle_order(config, sampling);
}

void reject_processor_contradictions(const GenerationConfig& config) {
  if (!config.grammar.empty() && !config.json_schema.empty()) reject_contradiction("grammar", "json_schema");
  if (config.mirostat == 0) return;
  for (const ProcessorRow* row : processor_rows()) {
    if (!row->truncates || !is_asked_for(*row, config)) continue;
    reject_contradiction(with_value("mirostat", config), with_value(row->option, config));
  }
}

}  // namespace decant
