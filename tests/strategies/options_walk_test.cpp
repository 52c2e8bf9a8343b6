// Walks over all options with all strategies: what is given has an effect, or is refused; and numbers from one end of
// their type to the other end in an answer, or in one sentence.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "drafters/drafter.h"
#include "options/table.h"
#include "strategies/resolve.h"
#include "support/runs.h"

namespace decant {
namespace {

using namespace testing;

using Row = Field<GenerationConfig>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

GenerationConfig given(const Pairs& options) {
  GenerationConfig config;
  config.max_new_tokens = 6;
  config.seed = 7;
  for (const auto& [name, text] : options) set(config, get(generation_fields(), name), text);
  return config;
}

// Allows every other token.
class Half final : public Grammar {
 public:
  explicit Half(int n_vocab) {
    for (int i = 0; i < n_vocab; ++i) allowed_.push_back(i % 2 == 1);
  }
  const std::vector<bool>& allowed() const override { return allowed_; }
  std::unique_ptr<const Grammar> after(Token) const override { return std::make_unique<Half>(std::ssize(allowed_)); }

 private:
  std::vector<bool> allowed_;
};

constexpr int n_vocab = 12;

TableVocab vocab() {
  TableVocab made({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "<end>"}, {11});
  made.make_grammar = [](auto) { return std::make_unique<Half>(n_vocab); };
  return made;
}

struct Result {
  std::vector<Sequence> sequences;
  std::string error;
  bool is_usage = false;
  std::int64_t rows = 0;
};

constexpr const char* no_tokens = "no tokens";

Result run(const GenerationConfig& config, const std::vector<Token>& prompt, std::uint64_t seed) {
  const TableShape shape{
      .n_vocab = n_vocab, .n_cells = 4096, .max_sequences = 600, .max_rows = 1024, .max_outputs = 600};
  TableModel first(shape, random_table(n_vocab, seed)), second(shape, random_table(n_vocab, seed + 1000));
  first.set_vocab(vocab());
  second.set_vocab(vocab());
  try {
    const StrategyRow& row = resolve_strategy(config);
    Scheduler scheduler({&first, &second});
    Request asked = request(config, prompt, row.run);
    for (std::size_t i = 0; i < models_of(row, config).size(); ++i) asked.models.push_back(1);
    asked.n_drafting = n_drafting(row, config);
    const auto live = start(scheduler, asked);
    scheduler.run();
    live->rethrow();
    return {live->sequences(), "", false, live->stats().rows};
  } catch (const Error& error) {
    return {{}, error.what(), error.kind() == ErrorKind::usage};
  } catch (const std::exception&) {  // a text that the table's vocabulary has no tokens for
    return {{}, no_tokens, false};
  }
}

// Guesses are seen in the work that they make, and in nothing else.
std::string digest(const Result& result, bool with_work) {
  std::string all = result.error;
  if (with_work) all += fmt::format("{} rows\n", result.rows);
  for (const Sequence& each : result.sequences) {
    all += fmt::format("{} '{}' {}", each.ids, each.bytes, static_cast<int>(each.finish));
    if (each.beam) all += fmt::format(" {} {} {}", each.beam->sum, each.beam->normalized, each.beam->unmet);
    all += '\n';
  }
  return all;
}

// The last one repeats itself for long, which is what dry's growing penalty is for.
const std::vector<std::vector<Token>> prompts = {{1, 2, 1, 3, 1, 2, 1}, {5}, {1, 2, 3, 1, 2, 3, 1, 2}};

// What some options write, with each seed of a model and each prompt.
class Texts {
 public:
  Texts(GenerationConfig config, bool with_work) : config_(std::move(config)), with_work_(with_work) {}

  // Whether others write anything else, with one of the first n seeds.
  bool differ(const GenerationConfig& other, std::uint64_t n) {
    for (std::uint64_t seed = 1; seed <= n; ++seed) {
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Result with = run(other, prompts[i], seed);
        if (with.error == no_tokens) return false;
        std::string& own = known_[{seed, i}];
        if (own.empty()) own = digest(run(config_, prompts[i], seed), with_work_);
        if (own != digest(with, with_work_)) return true;
      }
    }
    return false;
  }

 private:
  GenerationConfig config_;
  bool with_work_;
  std::map<std::pair<std::uint64_t, std::size_t>, std::string> known_;
};

bool is_refused(const GenerationConfig& config) {
  try {
    resolve_strategy(config);
    return false;
  } catch (const Error&) {
    return true;
  }
}

std::vector<std::string> values_of(const Row& row) {
  std::vector<std::string> texts = {
      "true", "false", "0",     "1",   "2",   "3",     "5",        "9",         "0.2",
      "0.5",  "0.9",   "1.5",   "3,4", "1,2", "1,1.5", "a=5",      "3=5",       "[3]",
      "c",    "a",     "never", "8",   "-1",  "none",  "selfhash", "llama.cpp", "temperature;top_k;penalties"};
  for (const std::string_view word : row.range.words) texts.emplace_back(word);
  std::vector<std::string> fit;
  for (const std::string& text : texts) {
    GenerationConfig config;
    try {
      set(config, row, text);
      check_ranges(generation_fields(), config);
    } catch (const Error&) {
      continue;
    }
    if (!is_equal(value_of(config, row), default_of(row))) fit.push_back(text);
  }
  return fit;
}

const struct {
  const char* name;
  Pairs options;
} bases[] = {
    {"greedy", {}},
    {"greedy at temperature 0", {{"temperature", "0"}}},
    {"sample", {{"do_sample", "true"}}},
    {"beam", {{"num_beams", "3"}}},
    {"beam at temperature 0", {{"num_beams", "3"}, {"temperature", "0"}}},
    {"beam_sample", {{"num_beams", "3"}, {"do_sample", "true"}}},
    {"diverse_beam", {{"num_beams", "4"}, {"num_beam_groups", "2"}, {"diversity_penalty", "1"}}},
    {"constrained_beam", {{"num_beams", "3"}, {"force_words", "[1,2]"}}},
    {"contrastive_search", {{"penalty_alpha", "0.6"}, {"top_k", "3"}}},
    {"contrastive_decoding", {{"amateur", "x"}}},
    {"contrastive_decoding, drawn", {{"amateur", "x"}, {"do_sample", "true"}}},
    {"contrastive_decoding, beams", {{"amateur", "x"}, {"num_beams", "3"}}},
    {"dola", {{"dola_layers", "low"}}},
    {"dola, drawn", {{"dola_layers", "low"}, {"do_sample", "true"}}},
};

// What an option needs to be on, strong enough to be seen.
const std::map<std::string_view, std::string> masters = {
    {"dry_multiplier", "1"},  {"num_beams", "3"},    {"num_beam_groups", "3"},  {"amateur", "x"},
    {"dola_layers", "low"},   {"watermark", "true"}, {"guidance_scale", "3"},   {"dynatemp_range", "0.9"},
    {"xtc_probability", "1"}, {"mirostat", "2"},     {"adaptive_target", "0.3"}};

// Not seen in texts: names and defaults, what the trace shows, what the clock, a damaged model or a front end brings.
const std::set<std::string_view> unseen = {"strategy",       "do_sample", "num_return_sequences",  "seed",
                                           "trace_top",      "max_time",  "remove_invalid_values", "token_healing",
                                           "negative_prompt"};

// What shows in rarer texts than these tables write; the tests of these strategies, of dry and of mirostat have it.
const std::set<std::pair<std::string_view, std::string_view>> rarely_seen = {
    {"diverse_beam", "hf_compat"},
    {"constrained_beam", "early_stopping"},
    {"contrastive_decoding, drawn", "mirostat"},
    {"dola", "dry_penalty_last_n"},
    {"dola", "dry_sequence_breakers"}};

// Cuts that keep the likeliest token, which is what temperature 0 takes; and their order.
const std::set<std::string_view> kept_at_0 = {"top_k",          "top_p",      "min_p",       "top_h",
                                              "epsilon_cutoff", "eta_cutoff", "top_n_sigma", "min_tokens_to_keep",
                                              "sampler_order"};

TEST(OptionsWalk, WhatIsGivenHasAnEffectOrIsRefused) {
  for (const auto& [name, options] : bases) {
    const GenerationConfig plain = given(options);
    const bool keeps_beams = resolve_strategy(plain).beams(plain);
    int seen = 0, refused = 0;
    for (const Row& row : generation_fields()) {
      SCOPED_TRACE(fmt::format("{}: {}", name, row.name));
      const bool in_base =
          std::any_of(options.begin(), options.end(), [&](const auto& each) { return each.first == row.name; });
      if (unseen.contains(row.name) || rarely_seen.contains({name, row.name}) || in_base) continue;
      if (row.name == "renormalize_logits" && !keeps_beams) continue;  // the scores that a trace shows
      Pairs before = options;
      const bool master_in_base =
          std::any_of(options.begin(), options.end(), [&](const auto& each) { return each.first == row.needs; });
      if (!row.needs.empty() && !master_in_base) before.emplace_back(row.needs, masters.at(row.needs));
      if (row.name == "renormalize_logits") before.emplace_back("repetition_penalty", "1.5");
      if (row.name == "sampler_order" && plain.temperature != 0 && resolve_strategy(plain).draws(plain)) {
        before.emplace_back("temperature", "2");
        before.emplace_back("top_p", "0.5");
      }
      const GenerationConfig base = given(before);
      if (is_refused(base)) continue;
      const bool kept = plain.temperature == 0 && kept_at_0.contains(row.name);
      Texts texts(base, row.group == speculation_group);
      bool accepted = false, effective = false;
      std::string values;
      for (const std::string& value : values_of(row)) {
        if (row.name == "temperature" && value == "0") continue;  // that nothing is drawn is so already
        Pairs with = before;
        with.emplace_back(row.name, value);
        const GenerationConfig config = given(with);
        if (is_refused(config)) continue;
        accepted = true;
        values += value + " ";
        effective = texts.differ(config, kept ? 4 : 60);
        if (effective) break;
      }
      if (kept) {
        EXPECT_EQ(accepted, !keeps_beams || row.name == "sampler_order");
        EXPECT_FALSE(effective) << values;
        continue;
      }
      EXPECT_EQ(accepted, effective) << "ignored in silence: " << values;
      ++(accepted ? seen : refused);
    }
    EXPECT_GT(seen, 25) << name;
    EXPECT_GT(refused, 2) << name;
  }
}

bool is_number(const Row& row) {
  return std::visit(
      []<class T>(const T*) {
        return std::is_same_v<T, int> || std::is_same_v<T, double> || std::is_same_v<T, std::uint64_t> ||
               std::is_same_v<T, std::optional<int>> || std::is_same_v<T, std::optional<double>> ||
               std::is_same_v<T, std::optional<std::uint64_t>>;
      },
      default_of(row));
}

const char* const extremes[] = {"0",
                                "-0",
                                "1",
                                "-1",
                                "5e-324",
                                "1e-300",
                                "1e-45",
                                "1e-38",
                                "1e-10",
                                "0.999999999",
                                "29.9",
                                "-29.9",
                                "1e9",
                                "-1e9",
                                "9e29",
                                "-9e29",
                                "1e30",
                                "3e38",
                                "3.5e38",
                                "-3.5e38",
                                "1e300",
                                "1.7e308",
                                "-1.7e308",
                                "2147483647",
                                "-2147483648",
                                "4294967296",
                                "9223372036854775807",
                                "18446744073709551615"};

// Damage would show as an error of the inside, or as a number that is none.
TEST(OptionsWalk, NumbersFromOneEndToTheOtherAreAnsweredOrRefusedInASentence) {
  int answered = 0, refused = 0;
  for (const auto& [name, options] : bases) {
    for (const Row& row : generation_fields()) {
      if (!is_number(row) || row.name == "max_time") continue;
      for (const char* text : extremes) {
        SCOPED_TRACE(fmt::format("{}: {}={}", name, row.name, text));
        Pairs with;
        for (const auto& each : options) {
          if (each.first != row.name) with.push_back(each);
        }
        const bool has_master =
            std::any_of(with.begin(), with.end(), [&](const auto& each) { return each.first == row.needs; });
        if (!row.needs.empty() && !has_master) with.emplace_back(row.needs, masters.at(row.needs));
        with.emplace_back(row.name, text);
        GenerationConfig config;
        try {
          config = given(with);
          config.num_return_sequences = std::min(config.num_return_sequences, 20);
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::usage);
          ++refused;
          continue;
        }
        const Result result = run(config, prompts[0], 3);
        if (!result.error.empty()) {
          EXPECT_TRUE(result.is_usage) << result.error;
          EXPECT_EQ(result.error.find("left no token"), result.error.npos) << result.error;
          EXPECT_EQ(result.error.find('\n'), result.error.npos) << result.error;
          ++refused;
          continue;
        }
        ++answered;
        for (const Sequence& each : result.sequences) {
          EXPECT_TRUE(std::isfinite(each.score));
          if (!each.beam) continue;
          EXPECT_TRUE(std::isfinite(each.beam->sum) && std::isfinite(each.beam->normalized)) << each.beam->sum;
          EXPECT_TRUE(row.name != "length_penalty" || each.beam->normalized != 0);
        }
      }
    }
  }
  EXPECT_GT(answered, 1000);
  EXPECT_GT(refused, 1000);
}

// The law of temperatures beyond any number that makes sense: uniform, or greedy.
TEST(OptionsWalk, TemperaturesBeyondFloatsAreTheirLimits) {
  const Table table = random_table(n_vocab, 5);
  for (const char* text : {"1e38", "3.4e38", "3.5e38", "1e300", "1.7e308"}) {
    GenerationConfig config = given({{"temperature", text}, {"top_k", "0"}});
    config.max_new_tokens = 1;
    std::vector<int> counts(n_vocab);
    constexpr int n = 6000;
    for (int seed = 0; seed < n; ++seed) {
      config.seed = static_cast<std::uint64_t>(seed);
      ++counts[static_cast<std::size_t>(run(config, {1, 2}, 5).sequences.at(0).ids[0])];
    }
    double chi_square = 0;
    for (const int count : counts) chi_square += std::pow(count - n / 12.0, 2) / (n / 12.0);
    EXPECT_LT(chi_square, 11 + 5 * std::sqrt(22.0)) << text;
  }
  const std::string greedy = digest(run(given({}), {1, 2}, 5), false);
  for (const char* text : {"5e-324", "1e-300", "1e-46"}) {
    EXPECT_EQ(digest(run(given({{"temperature", text}}), {1, 2}, 5), false), greedy) << text;
  }
}

}  // namespace
}  // namespace decant
