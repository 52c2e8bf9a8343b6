#include "strategies/resolve.h"

#include <gtest/gtest.h>

#include "drafters/drafter.h"
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
    set(config, get(generation_fields(), word.substr(0, equals)), word.substr(equals + 1));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return config;
}

TEST(Resolve, TheStrategyFollowsFromTheOptions) {
  const struct {
    const char* options;
    const char* strategy;
  } cases[] = {
      {"", "greedy"},
      {"seed=1", "greedy"},
      {"repetition_penalty=1.2", "greedy"},
      {"max_new_tokens=0", "greedy"},
      {"do_sample=false", "greedy"},
      {"strategy=greedy", "greedy"},
      {"strategy=greedy do_sample=false", "greedy"},
      {"num_return_sequences=1", "greedy"},
      {"strategy=greedy num_return_sequences=1", "greedy"},
      {"do_sample=true", "sample"},
      {"temperature=0.7", "sample"},
      {"temperature=1", "sample"},  // the default, but asked for
      {"top_k=5", "sample"},
      {"top_k=0", "sample"},
      {"top_p=0.9", "sample"},
      {"min_p=0.05", "sample"},
      {"strategy=sample", "sample"},
      {"strategy=sample do_sample=true top_p=0.9", "sample"},
      {"do_sample=true num_return_sequences=4 seed=7", "sample"},
      {"temperature=0.8 top_k=50 top_p=0.9 min_p=0.05 repetition_penalty=1.1", "sample"},
      // The contrast strategies; top_k is their own.
      {"penalty_alpha=0.6", "contrastive_search"},
      {"penalty_alpha=0.6 top_k=4", "contrastive_search"},
      {"penalty_alpha=0 top_k=4", "contrastive_search"},
      {"penalty_alpha=0.6 top_k=4 repetition_penalty=1.2 temperature=0", "contrastive_search"},
      {"amateur=self:15", "contrastive_decoding"},
      {"amateur=self:15 top_k=0 alpha=0.02 tau_amateur=0.5 lambda=0.5", "contrastive_decoding"},
      {"amateur=self:15 temperature=0.8 top_p=0.9 num_return_sequences=2", "contrastive_decoding"},
      {"amateur=self:15 num_beams=4 length_penalty=0 num_return_sequences=2", "contrastive_decoding"},
      {"strategy=contrastive_decoding amateur=self:15 do_sample=true", "contrastive_decoding"},
      {"dola_layers=low", "dola"},
      {"dola_layers=18,20 repetition_penalty=1.2 relative_top=0.2", "dola"},
      {"dola_layers=high top_k=5", "dola"},
      // Temperature 0 is greedy, whatever else is set.
      {"temperature=0", "greedy"},
      {"temperature=-0", "greedy"},
      {"temperature=0 do_sample=true", "greedy"},
      {"temperature=0 do_sample=false", "greedy"},
      {"temperature=0 top_k=5 top_p=0.9 min_p=0.1", "greedy"},
      {"temperature=0 do_sample=false top_p=0.9", "greedy"},
      {"temperature=0 strategy=sample", "greedy"},
      {"temperature=0 strategy=greedy top_k=5", "greedy"},
      {"temperature=0 strategy=greedy do_sample=true", "greedy"},
      {"temperature=0 strategy=sample do_sample=false", "greedy"},
  };
  for (const auto& [options, strategy] : cases) {
    SCOPED_TRACE(options);
    try {
      EXPECT_EQ(resolve_strategy(given(options)).name, strategy);
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
      {"num_beams=4 num_beam_groups=2 force_words=x", "num_beam_groups contradicts force_words: drop one of them"},
      {"num_beams=4 num_beam_groups=2 force_words=x amateur=x",
       "strategy contrastive_decoding does not read num_beam_groups: drop it, or choose a strategy that reads it "
       "(diverse_beam)"},
      {"num_beams=4 num_beam_groups=2 top_p=0.9", "num_beam_groups contradicts sampling: drop one of them"},
      {"num_beams=4 num_beam_groups=3",
       "4 beams cannot be divided into 3 groups of the same size: make num_beams a multiple of num_beam_groups"},
      {"strategy=beam", "strategy beam needs num_beams: 4 is a good start"},
      {"strategy=constrained_beam num_beams=4",
       "strategy constrained_beam needs force_words: the texts that the answer must contain"},
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
      set(config, row, text);
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

// Temperature 0 is the limit of small ones: cuts that keep the likeliest token change nothing there, and may stay.
TEST(Resolve, TemperatureZeroContradictsWhatWouldNotBeGreedy) {
  for (const char* base : {"", "amateur=x ", "dola_layers=low "}) {
    for (const char* option : {"xtc_probability 1", "mirostat 2", "mirostat 1", "typical_p 0.5", "adaptive_target 0.5",
                               "dynatemp_range 0.5"}) {
      std::string assigned = option;
      assigned[assigned.find(' ')] = '=';
      EXPECT_EQ(usage_error([&] { resolve_strategy(given(base + std::string("temperature=0 ") + assigned)); }),
                fmt::format("temperature 0 contradicts {}: drop one of them", option));
    }
    for (const char* option : {"top_k=5", "top_p=0.9", "min_p=0.1", "top_h=0.5", "epsilon_cutoff=0.01",
                               "eta_cutoff=0.01", "top_n_sigma=1", "min_tokens_to_keep=2"}) {
      EXPECT_NO_THROW(resolve_strategy(given(base + std::string("temperature=0 ") + option))) << base << option;
    }
  }
  // Where not the likeliest token of each step is taken, a cut would matter.
  for (const char* base : {"num_beams=4", "penalty_alpha=0.6", "amateur=x num_beams=4", "num_beams=4 force_words=x"}) {
    for (const char* option : {"top_p=0.9", "min_p=0.1", "typical_p=0.5", "mirostat=2", "min_tokens_to_keep=3"}) {
      std::string shown = option;
      shown[shown.find('=')] = ' ';
      EXPECT_EQ(usage_error([&] { resolve_strategy(given(fmt::format("{} temperature=0 {}", base, option))); }),
                fmt::format("temperature 0 contradicts {}: drop one of them", shown));
    }
    EXPECT_NO_THROW(resolve_strategy(given(fmt::format("{} temperature=0", base))));
  }
  EXPECT_NO_THROW(resolve_strategy(given("penalty_alpha=0.6 top_k=4 temperature=0")));
}

TEST(Resolve, WhatChangesNothingBesideTheOthersIsAnError) {
  for (const char* idle :
       {"penalty_last_n=5", "repetition_penalty=1.2 penalty_last_n=0", "frequency_penalty=1 penalty_last_n=0",
        "presence_penalty=1 penalty_last_n=0", "dry_multiplier=1 dry_penalty_last_n=0",
        "xtc_probability=1 xtc_threshold=0.6", "exponential_decay_length_penalty=3,1",
        "watermark=true watermark_bias=0", "watermark=true watermark_greenlist_ratio=1", "min_tokens_to_keep=2",
        "min_tokens_to_keep=60 top_k=0", "min_tokens_to_keep=3 mirostat=2", "sampler_order=temperature;top_k",
        "sampler_order=llama.cpp", "num_beams=3 normalize=prompt length_penalty=0", "include_stop_str_in_output=false",
        "penalty_alpha=0.6 top_k=0", "penalty_alpha=0.6 top_k=100000", "num_beams=2 hf_compat=true"}) {
    EXPECT_NE(usage_error([&] { resolve_strategy(given(idle)); }), "") << idle;
  }
  for (const char* fine :
       {"repetition_penalty=1.2 penalty_last_n=5", "encoder_repetition_penalty=1.2", "min_tokens_to_keep=60",
        "min_tokens_to_keep=2 top_p=0.9", "sampler_order=llama.cpp top_p=0.9",
        "sampler_order=penalties repetition_penalty=1.2", "num_beams=3 normalize=prompt", "ignore_eos=true",
        "include_stop_str_in_output=false stop_strings=x", "penalty_alpha=0.6 top_k=1024",
        "exponential_decay_length_penalty=3,0.9", "xtc_probability=1 xtc_threshold=0.5"}) {
    EXPECT_NO_THROW(resolve_strategy(given(fine))) << fine;
  }
}

TEST(Resolve, NumbersThatNobodyCanUseAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"seed=9007199254740992", "seed is 9007199254740992: it must be a whole number from 0 to 9007199254740991"},
      {"num_beams=2 length_penalty=1000", "length_penalty is 1000: it must be a number from -30 to 30"},
      {"num_beams=2 length_penalty=-31", "length_penalty is -31: it must be a number from -30 to 30"}};
  for (const auto& [options, sentence] : cases) {
    EXPECT_EQ(usage_error([&] { resolve_strategy(given(options)); }), sentence);
  }
  EXPECT_NO_THROW(resolve_strategy(given("seed=9007199254740991")));
}

TEST(Resolve, StrategiesSayWhatTheyDo) {
  const struct {
    const char* options;
    const char* name;
    bool draws, beams;
    std::vector<std::string> models;
    int texts, tried;
  } cases[] = {
      {"", "greedy", false, false, {}, 1, 0},
      {"do_sample=true num_return_sequences=5", "sample", true, false, {}, 5, 0},
      {"num_beams=4", "beam", false, true, {}, 4, 0},
      {"strategy=beam num_beams=1", "beam", false, true, {}, 1, 0},
      {"num_beams=4 top_p=0.9 num_return_sequences=2", "beam_sample", true, true, {}, 4, 0},
      {"num_beams=4 num_beam_groups=2", "diverse_beam", false, true, {}, 4, 0},
      {"num_beams=4 force_words=x", "constrained_beam", false, true, {}, 4, 0},
      {"penalty_alpha=0.6 top_k=4", "contrastive_search", false, false, {}, 1, 64},
      {"penalty_alpha=0.6 top_k=100", "contrastive_search", false, false, {}, 1, 100},
      {"amateur=x", "contrastive_decoding", false, false, {"x"}, 1, 0},
      {"amateur=x top_p=0.9 num_return_sequences=3", "contrastive_decoding", true, false, {"x"}, 3, 0},
      {"amateur=x num_beams=6", "contrastive_decoding", false, true, {"x"}, 6, 0},
      {"dola_layers=low", "dola", false, false, {}, 1, 0},
      {"dola_layers=low do_sample=true", "dola", true, false, {}, 1, 0},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.options);
    const GenerationConfig config = given(each.options);
    const StrategyRow& row = resolve_strategy(config);
    EXPECT_EQ(row.name, each.name);
    EXPECT_EQ(row.draws(config), each.draws);
    EXPECT_EQ(row.beams(config), each.beams);
    EXPECT_EQ(row.models(config), each.models);
    EXPECT_EQ(row.room(config).texts, each.texts);
    EXPECT_EQ(row.room(config).tried, each.tried);
  }
}

TEST(Resolve, EveryRowIsWhole) {
  for (const StrategyRow* row : strategies()) {
    SCOPED_TRACE(row->name);
    EXPECT_NE(row->run, nullptr);
    EXPECT_FALSE(row->doc.empty());
    EXPECT_EQ(&strategy(row->name), row);
    const auto is_option = [](std::string_view name) { return find(generation_fields(), name) != nullptr; };
    for (const Need& need : row->needs) EXPECT_TRUE(is_option(need.option)) << need.option;
    EXPECT_TRUE(row->implied_by.empty() || is_option(row->implied_by));
    for (const std::string_view each : row->reads)
      EXPECT_TRUE(is_option(each) || each == sampling_group || each == speculation_group) << each;
  }
  EXPECT_THROW(strategy("gredy"), Error);
}

TEST(Resolve, MirostatMakesTheCutItself) {
  for (const char* cut :
       {"top_n_sigma=2", "top_h=0.5", "top_k=5", "top_p=0.9", "min_p=0.1", "typical_p=0.9", "epsilon_cutoff=0.01",
        "eta_cutoff=0.01", "xtc_probability=0.5", "adaptive_target=0.5", "adaptive_target=0"}) {
    const std::string name(cut, std::string_view(cut).find('='));
    const std::string value = cut + name.size() + 1;
    for (const int version : {1, 2}) {
      EXPECT_EQ(usage_error([&] { resolve_strategy(given(fmt::format("mirostat={} {}", version, cut))); }),
                fmt::format("mirostat {} contradicts {} {}: drop one of them", version, name, value));
    }
    EXPECT_EQ(resolve_strategy(given(fmt::format("mirostat=0 {}", cut))).name, "sample") << cut;
  }
  for (const char* fine : {"", " top_k=50", " top_k=0", " top_p=1", " temperature=0.7", " dynatemp_range=0.3",
                           " repetition_penalty=1.2", " mirostat_tau=3 mirostat_eta=0.2", " watermark=true"}) {
    EXPECT_EQ(resolve_strategy(given(std::string("mirostat=2") + fine)).name, "sample") << fine;
  }
}

TEST(Resolve, OneGrammarIsEnough) {
  const GenerationConfig grammar{.grammar = "root ::= \"a\""}, schema{.json_schema = "{}"};
  EXPECT_EQ(resolve_strategy(grammar).name, "greedy");
  EXPECT_EQ(resolve_strategy(schema).name, "greedy");
  EXPECT_EQ(usage_error([&] { resolve_strategy({.grammar = grammar.grammar, .json_schema = schema.json_schema}); }),
            "grammar contradicts json_schema: drop one of them");
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
      {"seed=-1", "seed is -1: it must be a whole number from 0 to 9007199254740991"},
      {"stop_strings=", "stop_strings is '': it must be a text that is not empty"},
      {"eos_token_id=-2", "eos_token_id is -2: it must be whole numbers of at least 0, separated by commas"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(usage_error([&] { resolve_strategy(given(each.options)); }), each.message) << each.options;
  }
}

TEST(Resolve, HoldsForConfigsFilledInCode) {
  EXPECT_EQ(resolve_strategy({}).name, "greedy");
  EXPECT_EQ(resolve_strategy({.temperature = 0.8}).name, "sample");
  EXPECT_EQ(resolve_strategy({.strategy = "sample"}).name, "sample");
  EXPECT_EQ(resolve_strategy({.strategy = "greedy", .temperature = 1.0}).name, "greedy");  // nobody set it
  EXPECT_EQ(usage_error([] { resolve_strategy({.strategy = "gredy"}); }),
            "strategy is 'gredy': it must be one of greedy, sample, beam, beam_sample, diverse_beam, constrained_beam, "
            "contrastive_search, contrastive_decoding, dola (did you mean greedy?)");
  EXPECT_EQ(usage_error([] { resolve_strategy({.min_p = 2}); }), "min_p is 2: it must be a number from 0 to 1");
  EXPECT_EQ(usage_error([] { resolve_strategy({.do_sample = false, .top_p = 0.5}); }),
            "do_sample false contradicts top_p 0.5: drop one of them");
}

}  // namespace
}  // namespace decant
