// Tested by tests/processors/recipe_test.cpp.
#include "processors/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "base/error.h"
#include "options/table.h"
#include "processors/adaptive_p.h"
#include "processors/allowed_tokens.h"
#include "processors/diversity_penalty.h"
#include "processors/dry.h"
#include "processors/dynamic_temperature.h"
#include "processors/encoder_no_repeat_ngram.h"
#include "processors/encoder_repetition_penalty.h"
#include "processors/epsilon_cutoff.h"
#include "processors/eta_cutoff.h"
#include "processors/exponential_decay_length_penalty.h"
#include "processors/forced_tokens.h"
#include "processors/grammar_constraint.h"
#include "processors/guidance.h"
#include "processors/min_length.h"
#include "processors/min_new_tokens.h"
#include "processors/min_p.h"
#include "processors/mirostat.h"
#include "processors/no_repeat_ngram.h"
#include "processors/occurrence_penalty.h"
#include "processors/prefix_allowed_tokens.h"
#include "processors/renormalize.h"
#include "processors/repetition_penalty.h"
#include "processors/sequence_bias.h"
#include "processors/suppress_tokens.h"
#include "processors/temperature.h"
#include "processors/token_healing.h"
#include "processors/top_h.h"
#include "processors/top_k.h"
#include "processors/top_n_sigma.h"
#include "processors/top_p.h"
#include "processors/typical_p.h"
#include "processors/xtc.h"

namespace decant {
namespace {

using Parts = std::vector<std::unique_ptr<const Processor>>;

// What sampler_order can name, and the processors that it means.
struct Movable {
  std::string_view order_name;
  std::string_view processor;
  bool is_edit;  // comes before temperature and the truncations by default
};
constexpr Movable movable[] = {
    {"penalties", "repetition_penalty", true},
    {"penalties", "frequency_penalty", true},
    {"penalties", "presence_penalty", true},
    {"dry", "dry_multiplier", true},
    {"top_n_sigma", "top_n_sigma", false},
    {"temperature", "temperature", false},
    {"temperature", "dynatemp_range", false},
    {"top_h", "top_h", false},
    {"top_k", "top_k", false},
    {"top_p", "top_p", false},
    {"min_p", "min_p", false},
    {"typ_p", "typical_p", false},
    {"typical_p", "typical_p", false},
    {"epsilon_cutoff", "epsilon_cutoff", false},
    {"eta_cutoff", "eta_cutoff", false},
    {"xtc", "xtc_probability", false},
    {"adaptive_p", "adaptive_target", false},
    {"mirostat", "mirostat", false},
};
constexpr std::string_view llama_order = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";

const Movable* movable_part(const Processor& processor) {
  const auto found = std::find_if(std::begin(movable), std::end(movable),
                                  [&](const Movable& each) { return each.processor == processor.name(); });
  return found == std::end(movable) ? nullptr : found;
}

// All parts that the options turn on, in Hugging Face's order.
class Builder {
 public:
  Builder(const GenerationConfig& config, const ChainSetup& setup) : config_(config), setup_(setup) {}

  void add_edits();
  void add_warpers();
  void add_endings();
  Parts take() { return std::move(parts_); }

 private:
  template <class P, class... Arguments>
  void add(bool is_on, Arguments&&... arguments) {
    if (is_on) parts_.push_back(std::make_unique<P>(std::forward<Arguments>(arguments)...));
  }
  void add_penalties();
  void add_constraints();
  const Vocab& vocab() const {
    if (!setup_.vocab) throw Error(ErrorKind::usage, "an option that reads text or token ids needs a vocabulary");
    return *setup_.vocab;
  }
  int n_vocab() const { return vocab().size(); }

  const GenerationConfig& config_;
  const ChainSetup& setup_;
  Parts parts_;
};

void Builder::add_penalties() {
  const GenerationConfig& c = config_;
  const int last_n = c.penalty_last_n;
  add<Guidance>(c.guidance_scale != 1, c.guidance_scale);
  if (!c.sequence_bias.empty()) add<SequenceBias>(true, "sequence_bias", parse_sequence_bias(c.sequence_bias, vocab()));
  if (!c.logit_bias.empty()) add<SequenceBias>(true, "logit_bias", parse_logit_bias(c.logit_bias, vocab()));
  add<DiversityPenalty>(c.diversity_penalty != 0, c.diversity_penalty);
  add<EncoderRepetitionPenalty>(c.encoder_repetition_penalty != 1, c.encoder_repetition_penalty);
  add<RepetitionPenalty>(c.repetition_penalty != 1, c.repetition_penalty, last_n);
  add<OccurrencePenalty>(c.frequency_penalty != 0 || c.presence_penalty != 0, c.frequency_penalty, c.presence_penalty,
                         last_n);
  if (c.dry_multiplier != 0) {
    const DryConfig dry{c.dry_multiplier, c.dry_base, c.dry_allowed_length, c.dry_penalty_last_n,
                        c.dry_sequence_breakers};
    add<Dry>(true, dry, vocab());
  }
}

void Builder::add_constraints() {
  const GenerationConfig& c = config_;
  add<NoRepeatNgram>(c.no_repeat_ngram_size > 0, c.no_repeat_ngram_size);
  add<EncoderNoRepeatNgram>(c.encoder_no_repeat_ngram_size > 0, c.encoder_no_repeat_ngram_size);
  if (!c.bad_words.empty()) add<SequenceBias>(true, "bad_words", parse_bad_words(c.bad_words, vocab(), setup_.eos));
  add<MinLength>(c.min_length > 0, "min_length", c.min_length, setup_.eos);
  add<MinNewTokens>(c.min_new_tokens > 0, c.min_new_tokens, setup_.eos);
  add<PrefixAllowedTokens>(c.prefix_allowed_tokens_fn != nullptr, c.prefix_allowed_tokens_fn);
  if (!c.allowed_token_ids.empty()) add<AllowedTokens>(true, c.allowed_token_ids, n_vocab());
  if (!c.grammar.empty()) add<GrammarConstraint>(true, "grammar", vocab().grammar(c.grammar, setup_.eos));
  if (!c.json_schema.empty()) {
    const std::string gbnf = vocab().gbnf_of_json_schema(c.json_schema);
    add<GrammarConstraint>(true, "json_schema", vocab().grammar(gbnf, setup_.eos));
  }
  if (!setup_.healed.empty()) add<TokenHealing>(true, setup_.healed, vocab());
}

void Builder::add_edits() {
  const GenerationConfig& c = config_;
  add_penalties();
  add_constraints();
  if (c.forced_bos_token_id) add<ForcedBos>(true, *c.forced_bos_token_id);
  add<ForcedEos>(!c.forced_eos_token_id.empty(), c.forced_eos_token_id, setup_.max_length);
  if (const auto& decay = c.exponential_decay_length_penalty; !decay.empty()) {
    if (decay.size() != 2 || decay[0] != std::floor(decay[0]) || std::abs(decay[0]) > 1e9) {
      throw Error(ErrorKind::usage,
                  "exponential_decay_length_penalty is {}: it must be START,FACTOR, a number of tokens "
                  "and a factor",
                  fmt::join(decay, ","));
    }
    add<ExponentialDecayLengthPenalty>(true, static_cast<int>(decay[0]), decay[1], setup_.eos);
  }
  add<SuppressTokens>(!c.suppress_tokens.empty(), c.suppress_tokens);
  add<BeginSuppressTokens>(!c.begin_suppress_tokens.empty(), c.begin_suppress_tokens,
                           c.forced_bos_token_id.has_value());
}

void Builder::add_warpers() {
  const GenerationConfig& c = config_;
  const int keep = std::max(setup_.min_tokens_to_keep, c.min_tokens_to_keep);
  const bool cuts = c.mirostat == 0;  // mirostat replaces the truncations
  add<TopNSigma>(cuts && c.top_n_sigma > 0, c.top_n_sigma);
  if (c.dynatemp_range > 0) {
    add<DynamicTemperature>(true, c.temperature, c.dynatemp_range, c.dynatemp_exponent);
  } else {
    add<Temperature>(c.temperature != 1, c.temperature);
  }
  if (!cuts) {
    add<Mirostat>(true, c.mirostat, c.mirostat_tau, c.mirostat_eta, n_vocab());
    return;
  }
  if (c.top_h) add<TopH>(true, *c.top_h, keep);
  add<TopK>(c.top_k != 0, c.top_k, keep);
  add<TopP>(c.top_p != 1, c.top_p, keep);
  add<MinP>(c.min_p != 0, c.min_p, keep);
  add<TypicalP>(c.typical_p != 1, c.typical_p, keep);
  add<EpsilonCutoff>(c.epsilon_cutoff != 0, c.epsilon_cutoff, keep);
  add<EtaCutoff>(c.eta_cutoff != 0, c.eta_cutoff, keep);
  add<Xtc>(c.xtc_probability > 0, c.xtc_probability, c.xtc_threshold, keep);
  if (c.adaptive_target) add<AdaptiveP>(true, *c.adaptive_target, c.adaptive_decay);
}

void Builder::add_endings() {
  const GenerationConfig& c = config_;
  if (c.watermark) add<Watermark>(true, watermark_config(c), n_vocab());
  add<Renormalize>(c.renormalize_logits);
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

// The parts that the order names, in its order; what it does not name is left behind.
Parts in_order(Parts& parts, std::string_view order) {
  Parts result;
  for (const std::string_view name : split(order == "llama.cpp" ? llama_order : order)) {
    bool known = false;
    for (const Movable& each : movable) {
      if (each.order_name != name) continue;
      known = true;
      for (auto& part : parts) {
        if (part && part->name() == each.processor) result.push_back(std::move(part));
      }
    }
    if (!known) {
      std::vector<std::string_view> names;
      for (const Movable& each : movable) names.push_back(each.order_name);
      names.erase(std::unique(names.begin(), names.end()), names.end());
      throw Error(ErrorKind::usage, "sampler_order names '{}': it can name {}, or be llama.cpp", name,
                  fmt::join(names, ", "));
    }
  }
  return result;
}

void reject_unlisted(const Parts& parts, const GenerationConfig& config) {
  const auto table = generation_fields();
  for (const auto& part : parts) {
    if (!part || !is_set(table, config, get(table, part->name()))) continue;
    throw Error(ErrorKind::usage, "{0} is set, but sampler_order does not list it: add it there, or drop {0}",
                part->name());
  }
}

}  // namespace

WatermarkConfig watermark_config(const GenerationConfig& config) {
  return {config.watermark_greenlist_ratio, config.watermark_bias, config.watermark_hashing_key,
          config.watermark_seeding_scheme == "selfhash", config.watermark_context_width};
}

Recipe make_recipe(const GenerationConfig& config, bool sampling, const ChainSetup& setup) {
  Builder builder(config, setup);
  builder.add_edits();
  if (sampling) builder.add_warpers();
  Parts parts = builder.take();
  builder.add_endings();
  Parts endings = builder.take();

  if (!config.sampler_order.empty()) {
    Parts fixed, moving;
    for (auto& part : parts) (movable_part(*part) ? moving : fixed).push_back(std::move(part));
    Parts moved = in_order(moving, config.sampler_order);
    reject_unlisted(moving, config);
    parts = std::move(fixed);
    std::move(moved.begin(), moved.end(), std::back_inserter(parts));
  }

  Recipe recipe;
  const auto is_warper = [](const auto& part) {
    const Movable* row = movable_part(*part);
    return row && !row->is_edit;
  };
  recipe.n_edits = static_cast<std::size_t>(std::find_if(parts.begin(), parts.end(), is_warper) - parts.begin());
  recipe.processors = std::move(parts);
  std::move(endings.begin(), endings.end(), std::back_inserter(recipe.processors));
  return recipe;
}

}  // namespace decant
