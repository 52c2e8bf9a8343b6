#include "options/resolve.h"

#include <gtest/gtest.h>

#include "options/table.h"
#include "options/usage_error.h"

namespace decant {
namespace {

// "top_p=0.9 do_sample=false": options as a user gives them.
GenerationConfig given(std::string_view words) {
  GenerationConfig config;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    const std::size_t equals = word.find('=');
    set(generation_fields(), config, get(generation_fields(), word.substr(0, equals)), word.substr(equals + 1));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return config;
}

TEST(Resolve, TheStrategyFollowsFromTheOptions) {
  const struct {
    const char* options;
    Strategy strategy;
  } cases[] = {
      {"", Strategy::greedy},
      {"seed=1", Strategy::greedy},
      {"repetition_penalty=1.2", Strategy::greedy},
      {"max_new_tokens=0", Strategy::greedy},
      {"do_sample=false", Strategy::greedy},
      {"strategy=greedy", Strategy::greedy},
      {"strategy=greedy do_sample=false", Strategy::greedy},
      {"num_return_sequences=1", Strategy::greedy},
      {"strategy=greedy num_return_sequences=1", Strategy::greedy},
      {"do_sample=true", Strategy::sample},
      {"temperature=0.7", Strategy::sample},
      {"temperature=1", Strategy::sample},  // the default, but asked for
      {"top_k=5", Strategy::sample},
      {"top_k=0", Strategy::sample},
      {"top_p=0.9", Strategy::sample},
      {"min_p=0.05", Strategy::sample},
      {"strategy=sample", Strategy::sample},
      {"strategy=sample do_sample=true top_p=0.9", Strategy::sample},
      {"do_sample=true num_return_sequences=4 seed=7", Strategy::sample},
      {"temperature=0.8 top_k=50 top_p=0.9 min_p=0.05 repetition_penalty=1.1", Strategy::sample},
      // The contrast strategies; top_k is their own.
      {"penalty_alpha=0.6", Strategy::contrastive_search},
      {"penalty_alpha=0.6 top_k=4", Strategy::contrastive_search},
      {"penalty_alpha=0 top_k=4", Strategy::contrastive_search},
      {"penalty_alpha=0.6 top_k=4 repetition_penalty=1.2 temperature=0", Strategy::contrastive_search},
      {"amateur=self:15", Strategy::contrastive_decoding},
      {"amateur=self:15 top_k=0 alpha=0.02 tau_amateur=0.5 lambda=0.5", Strategy::contrastive_decoding},
      {"amateur=self:15 temperature=0.8 top_p=0.9 num_return_sequences=2", Strategy::contrastive_decoding},
      {"amateur=self:15 num_beams=4 length_penalty=0 num_return_sequences=2", Strategy::contrastive_decoding},
      {"strategy=contrastive_decoding amateur=self:15 do_sample=true", Strategy::contrastive_decoding},
      {"dola_layers=low", Strategy::dola},
      {"dola_layers=18,20 repetition_penalty=1.2 relative_top=0.2", Strategy::dola},
      {"dola_layers=high top_k=5", Strategy::dola},
      // Temperature 0 is greedy, whatever else is set.
      {"temperature=0", Strategy::greedy},
      {"temperature=-0", Strategy::greedy},
      {"temperature=0 do_sample=true", Strategy::greedy},
      {"temperature=0 do_sample=false", Strategy::greedy},
      {"temperature=0 top_k=5 top_p=0.9 min_p=0.1", Strategy::greedy},
      {"temperature=0 do_sample=false top_p=0.9", Strategy::greedy},
      {"temperature=0 strategy=sample", Strategy::greedy},
      {"temperature=0 strategy=greedy top_k=5", Strategy::greedy},
      {"temperature=0 strategy=greedy do_sample=true", Strategy::greedy},
      {"temperature=0 strategy=sample do_sample=false", Strategy::greedy},
  };
  for (const auto& [options, strategy] : cases) {
    SCOPED_TRACE(options);
    try {
      EXPECT_EQ(name(resolve_strategy(given(options))), name(strategy));
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(Resolve, ContradictionsAreErrors) {
  const struct {
    const char* options;
    const char* message;
  } cases[] = {
      {"do_sample=false temperature=0.7", "do_sample false contradicts temperature 0.7: drop one of them"},
      {"do_sample=false temperature=1", "do_sample false contradicts temperature 1: drop one of them"},
      {"do_sample=false top_k=50", "do_sample false contradicts top_k 50: drop one of them"},
      {"do_sample=false top_p=0.9", "do_sample false contradicts top_p 0.9: drop one of them"},
      {"do_sample=false min_p=0.1", "do_sample false contradicts min_p 0.1: drop one of them"},
      {"strategy=sample do_sample=false top_p=0.9", "do_sample false contradicts top_p 0.9: drop one of them"},
      {"strategy=sample do_sample=false", "strategy sample contradicts do_sample false: drop one of them"},
      {"penalty_alpha=0.6 temperature=0.8", "penalty_alpha contradicts temperature: drop one of them"},
      {"penalty_alpha=0.6 do_sample=true", "penalty_alpha contradicts do_sample: drop one of them"},
      {"penalty_alpha=0.6 amateur=x", "penalty_alpha contradicts amateur: drop one of them"},
      {"dola_layers=low amateur=x", "amateur contradicts dola_layers: drop one of them"},
      {"penalty_alpha=0.6 num_beams=4",
       "strategy contrastive_search does not read num_beams: drop it, or choose a strategy that reads it (beam, "
       "beam_sample, diverse_beam, constrained_beam, contrastive_decoding)"},
      {"penalty_alpha=0.6 num_return_sequences=2",
       "num_return_sequences is 2, but contrastive_search finds a single sequence: use sampling or beams"},
      {"dola_layers=low num_return_sequences=2",
       "num_return_sequences is 2, but dola finds a single sequence: use sampling or beams"},
      {"amateur=x num_beams=2 temperature=0.8", "num_beams contradicts a contrast that samples: drop one of them"},
      {"amateur=x num_beams=2 num_return_sequences=3",
       "num_return_sequences is 3, but 2 beams find no more than 2 texts: raise num_beams"},
      {"amateur=x beta=0.5 lambda=0.5", "lambda contradicts beta: drop one of them"},
      {"beta=0.5", "beta does nothing without amateur: set amateur, or drop beta"},
      {"strategy=contrastive_search", "strategy contrastive_search needs penalty_alpha: 0.6 is a good start"},
      {"strategy=contrastive_decoding",
       "strategy contrastive_decoding needs an amateur: a smaller model, or self:q4_0"},
      {"strategy=dola", "strategy dola needs dola_layers: low or high"},
      {"strategy=greedy do_sample=true", "strategy greedy contradicts do_sample true: drop one of them"},
      {"strategy=greedy do_sample=true top_p=0.9", "strategy greedy contradicts do_sample true: drop one of them"},
      {"strategy=greedy temperature=0.7",
       "strategy greedy does not read temperature: drop it, or choose a strategy that reads it (sample, beam_sample, "
       "contrastive_decoding, dola)"},
      {"strategy=greedy temperature=1",
       "strategy greedy does not read temperature: drop it, or choose a strategy that reads it (sample, beam_sample, "
       "contrastive_decoding, dola)"},
      {"strategy=greedy top_k=50",
       "strategy greedy does not read top_k: drop it, or choose a strategy that reads it (sample, beam_sample, "
       "contrastive_search, contrastive_decoding, dola)"},
      {"strategy=greedy top_p=0.9",
       "strategy greedy does not read top_p: drop it, or choose a strategy that reads it (sample, beam_sample, "
       "contrastive_decoding, dola)"},
      {"strategy=greedy min_p=0",
       "strategy greedy does not read min_p: drop it, or choose a strategy that reads it (sample, beam_sample, "
       "contrastive_decoding, dola)"},
      {"num_return_sequences=3",
       "num_return_sequences is 3, but greedy decoding finds a single sequence: use sampling or beams"},
      {"num_return_sequences=2 temperature=0",
       "num_return_sequences is 2, but greedy decoding finds a single sequence: use sampling or beams"},
      {"num_return_sequences=2 strategy=greedy",
       "num_return_sequences is 2, but greedy decoding finds a single sequence: use sampling or beams"},
      {"num_return_sequences=2 do_sample=false",
       "num_return_sequences is 2, but greedy decoding finds a single sequence: use sampling or beams"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(usage_error([&] { resolve_strategy(given(each.options)); }), each.message) << each.options;
  }
}

// A text that sets the row to something other than its default.
std::string another_value(const Field<GenerationConfig>& row) {
  std::vector<std::string> texts = {"true", "0.5", "2", "3", "3,4"};
  for (const std::string_view word : row.range.words) texts.emplace_back(word);
  for (const std::string& text : texts) {
    GenerationConfig config;
    try {
      set(generation_fields(), config, row, text);
    } catch (const Error&) {
      continue;
    }
    if (!is_equal(value_of(config, row), default_of(row))) return text;
  }
  ADD_FAILURE() << "no value for " << row.name;
  return {};
}

TEST(Resolve, WhatDoesNothingWithoutAnotherOptionIsAnError) {
  const auto table = generation_fields();
  int checked = 0;
  for (const auto& row : table) {
    if (row.needs.empty()) continue;
    ++checked;
    SCOPED_TRACE(row.name);
    const auto& master = get(table, row.needs);
    const std::string alone = fmt::format("{}={}", row.name, another_value(row));
    const std::string message =
        fmt::format("{0} does nothing without {1}: set {1}, or drop {0}", row.name, master.name);
    EXPECT_EQ(usage_error([&] { resolve_strategy(given(alone)); }), message);
    const std::string off = to_text(default_of(master));
    if (!off.empty()) {
      const std::string both = fmt::format("{} {}={}", alone, master.name, off);
      EXPECT_EQ(usage_error([&] { resolve_strategy(given(both)); }), message);
    }
    std::string enough = fmt::format("{} {}={}", alone, master.name, another_value(master));
    if (!master.needs.empty()) enough += fmt::format(" {}={}", master.needs, another_value(get(table, master.needs)));
    EXPECT_NO_THROW(resolve_strategy(given(enough))) << enough;
    const std::string by_default = to_text(default_of(row));
    if (!by_default.empty() && by_default.find('\n') == by_default.npos) {
      EXPECT_NO_THROW(resolve_strategy(given(fmt::format("{}={}", row.name, by_default))));  // asks for nothing
    }
  }
  EXPECT_GE(checked, 15);
}

TEST(Resolve, ValuesOutOfRangeAreErrors) {
  const struct {
    const char* options;
    const char* message;
  } cases[] = {
      {"strategy=sampel",
       "strategy is 'sampel': it must be one of greedy, sample, beam, beam_sample, diverse_beam, constrained_beam, "
       "contrastive_search, contrastive_decoding, dola (did you mean sample?)"},
      {"strategy=mirostat",
       "strategy is 'mirostat': it must be one of greedy, sample, beam, beam_sample, diverse_beam, constrained_beam, "
       "contrastive_search, contrastive_decoding, dola"},
      {"do_sample=maybe", "do_sample is 'maybe': it must be true or false"},
      {"max_new_tokens=-1", "max_new_tokens is -1: it must be a whole number of at least 0"},
      {"max_length=0", "max_length is 0: it must be a whole number of at least 1"},
      {"max_time=0", "max_time is 0: it must be a number greater than 0"},
      {"temperature=-0.1", "temperature is -0.1: it must be a number of at least 0"},
      {"temperature=inf", "temperature is 'inf': it must be a number of at least 0"},
      {"top_k=-1", "top_k is -1: it must be a whole number of at least 0"},
      {"top_p=0", "top_p is 0: it must be a number greater than 0 and at most 1"},
      {"top_p=1.01", "top_p is 1.01: it must be a number greater than 0 and at most 1"},
      {"min_p=-0.1", "min_p is -0.1: it must be a number from 0 to 1"},
      {"min_p=1.1", "min_p is 1.1: it must be a number from 0 to 1"},
      {"repetition_penalty=0", "repetition_penalty is 0: it must be a number greater than 0"},
      {"num_return_sequences=0", "num_return_sequences is 0: it must be a whole number from 1 to 256"},
      {"num_return_sequences=257", "num_return_sequences is 257: it must be a whole number from 1 to 256"},
      {"trace_top=0", "trace_top is 0: it must be a whole number from 1 to 200"},
      {"trace_top=201", "trace_top is 201: it must be a whole number from 1 to 200"},
      {"seed=-1", "seed is -1: it must be a whole number of at least 0"},
      {"stop_strings=", "stop_strings is '': it must be a text that is not empty"},
      {"eos_token_id=-2", "eos_token_id is -2: it must be whole numbers of at least 0, separated by commas"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(usage_error([&] { resolve_strategy(given(each.options)); }), each.message) << each.options;
  }
}

TEST(Resolve, HoldsForConfigsFilledInCode) {
  EXPECT_EQ(resolve_strategy({}), Strategy::greedy);
  EXPECT_EQ(resolve_strategy({.temperature = 0.8}), Strategy::sample);
  EXPECT_EQ(resolve_strategy({.strategy = "sample"}), Strategy::sample);
  EXPECT_EQ(resolve_strategy({.strategy = "greedy", .temperature = 1.0}), Strategy::greedy);  // nobody set it
  EXPECT_EQ(usage_error([] { resolve_strategy({.strategy = "gredy"}); }),
            "strategy is 'gredy': it must be one of greedy, sample, beam, beam_sample, diverse_beam, constrained_beam, "
            "contrastive_search, contrastive_decoding, dola (did you mean greedy?)");
  EXPECT_EQ(usage_error([] { resolve_strategy({.min_p = 2}); }), "min_p is 2: it must be a number from 0 to 1");
  EXPECT_EQ(usage_error([] { resolve_strategy({.do_sample = false, .top_p = 0.5}); }),
            "do_sample false contradicts top_p 0.5: drop one of them");
}

}  // namespace
}  // namespace decant
