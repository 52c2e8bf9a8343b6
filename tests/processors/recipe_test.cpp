#include "processors/recipe.h"

#include <gtest/gtest.h>

#include <set>

#include "drafters/drafter.h"
#include "options/table.h"
#include "options/usage_error.h"
#include "processors/chain.h"
#include "processors/green_list.h"
#include "processors/support.h"
#include "schema/json_schema.h"
#include "strategies/resolve.h"
#include "support/table_model.h"

namespace decant {
namespace {

using Names = std::vector<std::string>;

const testing::TableVocab& vocab() {
  static const testing::TableVocab vocab({"a", "b", "c", "d", "\n", ":", "\"", "*", "<eos>"}, {8});
  return vocab;
}

// A grammar that allows everything, and remembers what it was made of.
class AnyText final : public Grammar {
 public:
  const std::vector<bool>& allowed() const override { return all_; }
  std::unique_ptr<const Grammar> after(Token) const override { return std::make_unique<AnyText>(); }

 private:
  std::vector<bool> all_ = std::vector<bool>(9, true);
};

class GrammarVocab final : public testing::TableVocab {
 public:
  using TableVocab::TableVocab;
  std::unique_ptr<const Grammar> grammar(std::string_view gbnf, std::span<const Token> end) const override {
    asked.emplace_back(gbnf, Tokens(end.begin(), end.end()));
    return std::make_unique<AnyText>();
  }

  mutable std::vector<std::pair<std::string, Tokens>> asked;
};

ChainSetup setup() {
  ChainSetup setup;
  setup.vocab = &vocab();
  setup.eos = vocab().eos();
  return setup;
}

GenerationConfig given(const std::vector<std::pair<std::string, std::string>>& options) {
  GenerationConfig config;
  for (const auto& [name, text] : options) set(config, get(generation_fields(), name), text);
  return config;
}

Recipe recipe_of(const GenerationConfig& config) {
  return make_recipe(config, resolve_strategy(config).draws(config), setup());
}

Names names(const Recipe& recipe) {
  Names names;
  for (const auto& each : recipe.processors) names.emplace_back(each->name());
  return names;
}

// ---- which ----------------------------------------------------------------------------------------------------------

// An option alone, and the processors that it asks for besides the default top_k of sampling.
const struct {
  const char* option;
  const char* text;
  Names processors;
} alone[] = {
    {"guidance_scale", "1.5", {"guidance_scale"}},
    {"sequence_bias", "ab=2", {"sequence_bias"}},
    {"logit_bias", "3=1.5", {"logit_bias"}},
    {"encoder_repetition_penalty", "1.5", {"encoder_repetition_penalty"}},
    {"repetition_penalty", "1.5", {"repetition_penalty"}},
    {"frequency_penalty", "0.5", {"frequency_penalty"}},
    {"presence_penalty", "0.5", {"presence_penalty"}},
    {"dry_multiplier", "0.8", {"dry_multiplier"}},
    {"no_repeat_ngram_size", "2", {"no_repeat_ngram_size"}},
    {"encoder_no_repeat_ngram_size", "2", {"encoder_no_repeat_ngram_size"}},
    {"bad_words", "ab", {"bad_words"}},
    {"min_length", "5", {"min_length"}},
    {"min_new_tokens", "5", {"min_new_tokens"}},
    {"allowed_token_ids", "1,2", {"allowed_token_ids"}},
    {"forced_bos_token_id", "1", {"forced_bos_token_id"}},
    {"forced_eos_token_id", "8", {"forced_eos_token_id"}},
    {"exponential_decay_length_penalty", "5,1.1", {"exponential_decay_length_penalty"}},
    {"suppress_tokens", "1", {"suppress_tokens"}},
    {"begin_suppress_tokens", "1", {"begin_suppress_tokens"}},
    {"watermark", "true", {"watermark"}},
    {"renormalize_logits", "true", {"renormalize_logits"}},
    {"top_n_sigma", "1.5", {"top_n_sigma", "top_k"}},
    {"temperature", "0.5", {"temperature", "top_k"}},
    {"dynatemp_range", "0.3", {"dynatemp_range", "top_k"}},
    {"top_h", "0.4", {"top_h", "top_k"}},
    {"top_k", "5", {"top_k"}},
    {"top_p", "0.9", {"top_k", "top_p"}},
    {"min_p", "0.1", {"top_k", "min_p"}},
    {"typical_p", "0.9", {"top_k", "typical_p"}},
    {"epsilon_cutoff", "0.001", {"top_k", "epsilon_cutoff"}},
    {"eta_cutoff", "0.001", {"top_k", "eta_cutoff"}},
    {"xtc_probability", "0.5", {"top_k", "xtc_probability"}},
    {"adaptive_target", "0.5", {"top_k", "adaptive_target"}},
    {"mirostat", "1", {"mirostat"}},
    {"mirostat", "2", {"mirostat"}},
};

// Those that make no processor of their own: they refine another one, or something else reads them.
const std::set<std::string_view> makes_none = {
    "strategy",
    "do_sample",
    "num_return_sequences",
    "seed",
    "trace_top",
    "sampler_order",
    "penalty_last_n",
    "num_beams",
    "length_penalty",
    "early_stopping",
    "normalize",
    "num_beam_groups",
    "force_words",
    "hf_compat",
    "penalty_alpha",
    "amateur",
    "dola_layers",
    "min_tokens_to_keep",
    "max_new_tokens",
    "max_length",
    "max_time",
    "stop_strings",
    "include_stop_str_in_output",
    "stop_token_ids",
    "eos_token_id",
    "ignore_eos",
    "remove_invalid_values",
    "grammar",
    "json_schema",
    "token_healing"};  // below: the first two need an engine, the third a prompt

TEST(Recipe, AnOptionAloneMakesItsProcessorAndNoOther) {
  for (const auto& [option, text, processors] : alone) {
    EXPECT_EQ(names(recipe_of(given({{option, text}}))), processors) << option;
  }
  EXPECT_EQ(names(recipe_of({})), Names{});
  EXPECT_EQ(names(recipe_of(given({{"do_sample", "true"}}))), Names{"top_k"});
}

TEST(Recipe, EveryOptionIsOneOrTheOther) {
  for (const auto& field : generation_fields()) {
    if (field.group == speculation_group) continue;
    bool has_row = false;
    for (const auto& each : alone) has_row |= field.name == each.option;
    const bool makes_one = field.needs.empty() && makes_none.count(field.name) == 0;
    EXPECT_EQ(has_row, makes_one) << field.name;
  }
}

TEST(Recipe, NeutralValuesMakeNone) {
  EXPECT_EQ(names(recipe_of(given({{"guidance_scale", "1"},
                                   {"encoder_repetition_penalty", "1"},
                                   {"repetition_penalty", "1"},
                                   {"frequency_penalty", "0"},
                                   {"presence_penalty", "0"},
                                   {"dry_multiplier", "0"},
                                   {"no_repeat_ngram_size", "0"},
                                   {"encoder_no_repeat_ngram_size", "0"},
                                   {"min_length", "0"},
                                   {"min_new_tokens", "0"},
                                   {"watermark", "false"},
                                   {"renormalize_logits", "false"},
                                   {"top_n_sigma", "0"},
                                   {"temperature", "1"},
                                   {"dynatemp_range", "0"},
                                   {"top_k", "0"},
                                   {"top_p", "1"},
                                   {"min_p", "0"},
                                   {"typical_p", "1"},
                                   {"epsilon_cutoff", "0"},
                                   {"eta_cutoff", "0"},
                                   {"xtc_probability", "0"},
                                   {"mirostat", "0"}}))),
            Names{});
}

TEST(Recipe, GreedyHasNothingThatOnlySamplingReads) {
  GenerationConfig config = given({{"temperature", "0.5"},
                                   {"top_p", "0.9"},
                                   {"mirostat", "0"},
                                   {"min_p", "0.1"},
                                   {"repetition_penalty", "1.5"},
                                   {"watermark", "true"}});
  EXPECT_EQ(names(make_recipe(config, false, setup())), (Names{"repetition_penalty", "watermark"}));
}

TEST(Recipe, TwoPenaltiesAreOneProcessor) {
  EXPECT_EQ(names(recipe_of(given({{"frequency_penalty", "0.5"}, {"presence_penalty", "0.5"}}))),
            Names{"frequency_penalty"});
}

TEST(Recipe, DynamicTemperatureTakesThePlaceOfTheOther) {
  const GenerationConfig config = given({{"temperature", "0.5"}, {"dynatemp_range", "0.3"}, {"top_k", "0"}});
  EXPECT_EQ(names(recipe_of(config)), Names{"dynatemp_range"});
}

TEST(Recipe, AFunctionOfThePrefix) {
  GenerationConfig config;
  config.prefix_allowed_tokens_fn = [](std::span<const int>) { return std::vector<int>{1}; };
  EXPECT_EQ(names(recipe_of(config)), Names{"prefix_allowed_tokens_fn"});
}

TEST(Recipe, GrammarsAndHealing) {
  const GrammarVocab grammars({"a", "b", "c", "d", "\n", ":", "\"", "*", "<eos>"}, {8});
  ChainSetup with = setup();
  with.vocab = &grammars;
  EXPECT_EQ(names(make_recipe({.grammar = "root ::= \"a\""}, false, with)), Names{"grammar"});
  EXPECT_EQ(names(make_recipe({.json_schema = "{}"}, false, with)), Names{"json_schema"});
  using Asked = std::pair<std::string, Tokens>;
  EXPECT_EQ(grammars.asked, (std::vector<Asked>{{"root ::= \"a\"", {8}}, {json_schema_to_gbnf("{}"), {8}}}));
  EXPECT_EQ(names(make_recipe({.token_healing = true}, false, with)), Names{});  // nothing was taken back
  with.healed = "ab";
  const GenerationConfig config = given({{"grammar", "g"},
                                         {"allowed_token_ids", "1"},
                                         {"forced_bos_token_id", "1"},
                                         {"top_p", "0.5"},
                                         {"sampler_order", "top_p"}});
  const Recipe recipe = make_recipe(config, true, with);
  EXPECT_EQ(names(recipe), (Names{"allowed_token_ids", "grammar", "token_healing", "forced_bos_token_id", "top_p"}));
  EXPECT_EQ(recipe.n_edits, 4u);
  EXPECT_THROW(recipe_of({.grammar = "g"}), Error);  // a vocabulary without an engine
}

// ---- in which order -------------------------------------------------------------------------------------------------

const std::vector<std::pair<std::string, std::string>> all_edits = {{"begin_suppress_tokens", "1"},
                                                                    {"suppress_tokens", "2"},
                                                                    {"exponential_decay_length_penalty", "5,1.1"},
                                                                    {"forced_eos_token_id", "8"},
                                                                    {"forced_bos_token_id", "1"},
                                                                    {"allowed_token_ids", "0,1,3"},
                                                                    {"min_new_tokens", "2"},
                                                                    {"min_length", "3"},
                                                                    {"bad_words", "ab"},
                                                                    {"encoder_no_repeat_ngram_size", "2"},
                                                                    {"no_repeat_ngram_size", "3"},
                                                                    {"dry_multiplier", "0.8"},
                                                                    {"presence_penalty", "0.1"},
                                                                    {"frequency_penalty", "0.1"},
                                                                    {"repetition_penalty", "1.1"},
                                                                    {"encoder_repetition_penalty", "1.1"},
                                                                    {"logit_bias", "3=1"},
                                                                    {"sequence_bias", "cd=1"},
                                                                    {"guidance_scale", "1.5"}};
const std::vector<std::pair<std::string, std::string>> all_cuts = {
    {"adaptive_target", "0.5"}, {"xtc_probability", "0.5"}, {"eta_cutoff", "0.001"}, {"epsilon_cutoff", "0.001"},
    {"typical_p", "0.9"},       {"min_p", "0.1"},           {"top_p", "0.9"},        {"top_k", "5"},
    {"top_h", "0.9"},           {"temperature", "0.9"},     {"top_n_sigma", "2"}};
const std::vector<std::pair<std::string, std::string>> endings = {{"renormalize_logits", "true"},
                                                                  {"watermark", "true"}};

const Names edits_in_order = {"guidance_scale",
                              "sequence_bias",
                              "logit_bias",
                              "encoder_repetition_penalty",
                              "repetition_penalty",
                              "frequency_penalty",
                              "dry_multiplier",
                              "no_repeat_ngram_size",
                              "encoder_no_repeat_ngram_size",
                              "bad_words",
                              "min_length",
                              "min_new_tokens",
                              "prefix_allowed_tokens_fn",
                              "allowed_token_ids",
                              "forced_bos_token_id",
                              "forced_eos_token_id",
                              "exponential_decay_length_penalty",
                              "suppress_tokens",
                              "begin_suppress_tokens"};

GenerationConfig everything(const std::vector<std::pair<std::string, std::string>>& cuts) {
  auto options = endings;
  options.insert(options.end(), cuts.begin(), cuts.end());
  options.insert(options.end(), all_edits.begin(), all_edits.end());
  GenerationConfig config = given(options);
  config.prefix_allowed_tokens_fn = [](std::span<const int>) { return std::vector<int>{0, 1, 3}; };
  return config;
}

Names followed_by(Names front, const Names& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

TEST(Recipe, TheOrderWithEverythingOn) {
  const Recipe recipe = recipe_of(everything(all_cuts));
  EXPECT_EQ(names(recipe),
            followed_by(edits_in_order, {"top_n_sigma", "temperature", "top_h", "top_k", "top_p", "min_p", "typical_p",
                                         "epsilon_cutoff", "eta_cutoff", "xtc_probability", "adaptive_target",
                                         "watermark", "renormalize_logits"}));
  EXPECT_EQ(recipe.n_edits, edits_in_order.size());
}

TEST(Recipe, TheOrderWithMirostat) {
  const Recipe recipe = recipe_of(everything({{"mirostat", "2"}, {"temperature", "0.9"}}));
  EXPECT_EQ(names(recipe), followed_by(edits_in_order, {"temperature", "mirostat", "watermark", "renormalize_logits"}));
  EXPECT_EQ(recipe.n_edits, edits_in_order.size());
}

TEST(Recipe, EditsAreWhatComesBeforeTheFirstCut) {
  EXPECT_EQ(recipe_of({}).n_edits, 0u);
  EXPECT_EQ(recipe_of(given({{"top_p", "0.5"}})).n_edits, 0u);
  EXPECT_EQ(recipe_of(given({{"top_p", "0.5"}, {"repetition_penalty", "2"}})).n_edits, 1u);
  EXPECT_EQ(recipe_of(given({{"dynatemp_range", "0.5"}, {"bad_words", "a"}, {"presence_penalty", "2"}})).n_edits, 2u);
  // Without a cut, all that are not the endings.
  EXPECT_EQ(recipe_of(given({{"suppress_tokens", "1"}, {"watermark", "true"}})).n_edits, 1u);
  EXPECT_EQ(recipe_of(given({{"watermark", "true"}, {"renormalize_logits", "true"}})).n_edits, 0u);
  EXPECT_EQ(
      recipe_of(given({{"repetition_penalty", "2"}, {"temperature", "2"}, {"sampler_order", "temperature;penalties"}}))
          .n_edits,
      0u);
  EXPECT_EQ(recipe_of(given({{"repetition_penalty", "2"},
                             {"temperature", "2"},
                             {"min_length", "3"},
                             {"sampler_order", "temperature;penalties"}}))
                .n_edits,
            1u);
}

// ---- sampler_order --------------------------------------------------------------------------------------------------

TEST(SamplerOrder, LlamaCppsOwn) {
  const GenerationConfig config = given({{"temperature", "0.8"},
                                         {"xtc_probability", "0.5"},
                                         {"min_p", "0.05"},
                                         {"top_p", "0.95"},
                                         {"typical_p", "0.9"},
                                         {"top_k", "40"},
                                         {"top_n_sigma", "1"},
                                         {"dry_multiplier", "0.8"},
                                         {"presence_penalty", "0.1"},
                                         {"repetition_penalty", "1.1"},
                                         {"logit_bias", "1=2"},
                                         {"watermark", "true"},
                                         {"sampler_order", "llama.cpp"}});
  EXPECT_EQ(names(recipe_of(config)),
            (Names{"logit_bias", "repetition_penalty", "presence_penalty", "dry_multiplier", "top_n_sigma", "top_k",
                   "typical_p", "top_p", "min_p", "xtc_probability", "temperature", "watermark"}));
  EXPECT_EQ(recipe_of(config).n_edits, 4u);
  GenerationConfig written = config;
  written.sampler_order = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";
  EXPECT_EQ(names(recipe_of(written)), names(recipe_of(config)));
}

TEST(SamplerOrder, AnyOrderAndAnySeparator) {
  for (const char* order : {"min_p;temperature;top_k", "min_p,temperature,top_k", " min_p temperature  top_k ",
                            "min_p; temperature; top_k;", "min_p;temperature;top_k;min_p;dry;adaptive_p"}) {
    const GenerationConfig config =
        given({{"temperature", "2"}, {"top_k", "5"}, {"min_p", "0.1"}, {"sampler_order", order}});
    EXPECT_EQ(names(recipe_of(config)), (Names{"min_p", "temperature", "top_k"})) << order;
  }
}

TEST(SamplerOrder, EveryNameMovesItsOwn) {
  const struct {
    const char* order_name;
    std::pair<std::string, std::string> option;
  } cases[] = {{"penalties", {"repetition_penalty", "1.1"}},
               {"penalties", {"frequency_penalty", "1"}},
               {"penalties", {"presence_penalty", "1"}},
               {"dry", {"dry_multiplier", "1"}},
               {"top_n_sigma", {"top_n_sigma", "1"}},
               {"temperature", {"temperature", "2"}},
               {"temperature", {"dynatemp_range", "0.5"}},
               {"top_h", {"top_h", "0.5"}},
               {"top_p", {"top_p", "0.5"}},
               {"min_p", {"min_p", "0.5"}},
               {"typ_p", {"typical_p", "0.5"}},
               {"typical_p", {"typical_p", "0.5"}},
               {"epsilon_cutoff", {"epsilon_cutoff", "0.1"}},
               {"eta_cutoff", {"eta_cutoff", "0.1"}},
               {"xtc", {"xtc_probability", "0.5"}},
               {"adaptive_p", {"adaptive_target", "0.5"}}};
  for (const auto& [name, option] : cases) {
    SCOPED_TRACE(name);
    const auto& [field, text] = option;
    const std::string order = name;
    const Names before = {field, "top_k"}, behind = {"top_k", field};
    EXPECT_EQ(names(recipe_of(given({option, {"top_k", "5"}, {"sampler_order", order + ";top_k"}}))), before);
    EXPECT_EQ(names(recipe_of(given({option, {"top_k", "5"}, {"sampler_order", "top_k;" + order}}))), behind);
  }
  const GenerationConfig last =
      given({{"mirostat", "2"}, {"temperature", "2"}, {"sampler_order", "temperature;mirostat"}});
  EXPECT_EQ(names(recipe_of(last)), (Names{"temperature", "mirostat"}));
}

TEST(SamplerOrder, WhatCannotMoveComesFirstAndTheEndingsLast) {
  EXPECT_EQ(names(recipe_of(given({{"suppress_tokens", "1"},
                                   {"min_length", "2"},
                                   {"guidance_scale", "2"},
                                   {"top_k", "5"},
                                   {"repetition_penalty", "2"},
                                   {"watermark", "true"},
                                   {"renormalize_logits", "true"},
                                   {"sampler_order", "top_k;penalties"}}))),
            (Names{"guidance_scale", "min_length", "suppress_tokens", "top_k", "repetition_penalty", "watermark",
                   "renormalize_logits"}));
}

TEST(SamplerOrder, WhatItDoesNotListIsOff) {
  EXPECT_EQ(names(recipe_of(given({{"min_p", "0.1"}, {"sampler_order", "min_p"}}))), Names{"min_p"});  // no top_k of 50
  const struct {
    const char* option;
    const char* text;
  } cases[] = {{"top_k", "5"},
               {"top_k", "50"},
               {"temperature", "2"},
               {"repetition_penalty", "2"},
               {"presence_penalty", "2"},
               {"frequency_penalty", "2"},
               {"dry_multiplier", "1"},
               {"xtc_probability", "0.5"}};
  for (const auto& [option, text] : cases) {
    const GenerationConfig config = given({{"min_p", "0.1"}, {option, text}, {"sampler_order", "min_p"}});
    EXPECT_EQ(usage_error([&] { recipe_of(config); }),
              fmt::format("{0} is set, but sampler_order does not list it: add it there, or drop {0}", option));
  }
  // A value that does nothing is no contradiction.
  const GenerationConfig off =
      given({{"min_p", "0.1"}, {"top_k", "0"}, {"temperature", "1"}, {"sampler_order", "min_p"}});
  EXPECT_EQ(names(recipe_of(off)), Names{"min_p"});
}

TEST(SamplerOrder, UnknownNames) {
  for (const char* name : {"temp", "topk", "top-k", "Temperature", "watermark"}) {
    EXPECT_EQ(usage_error([&] {
                recipe_of(given({{"sampler_order", std::string("top_k;") + name}}));
              }),
              fmt::format("sampler_order names '{}': it can name penalties, dry, top_n_sigma, temperature, top_h, "
                          "top_k, top_p, min_p, typ_p, typical_p, epsilon_cutoff, eta_cutoff, xtc, adaptive_p, "
                          "mirostat, or be llama.cpp",
                          name));
  }
}

// T = 2 makes .64 .16 .16 .04 into 4:2:2:1 of 9. min_p .3 keeps what is at least .192 before it, and 4/3 of 9 after it.
TEST(SamplerOrder, ChangesTheResultWhereItMust) {
  const auto kept = [](const char* order) {
    const GenerationConfig config = given({{"temperature", "2"}, {"min_p", "0.3"}, {"sampler_order", order}});
    Scores scores = scores_of(log_of({.16, .04, .64, .16}));
    Chain(config, true, setup())(scores, Context{.tokens = Tokens{0}, .n_prompt = 1});
    return values(scores, 4);
  };
  const Floats cold = kept("min_p;temperature"), warm = kept("temperature;min_p");
  EXPECT_FLOAT_EQ(cold[2], static_cast<float>(std::log(.64) / 2));
  for (const std::size_t gone : {0, 1, 3}) EXPECT_EQ(cold[gone], -inf);
  EXPECT_FLOAT_EQ(warm[2], cold[2]);
  EXPECT_FLOAT_EQ(warm[0], static_cast<float>(std::log(.16) / 2));
  EXPECT_FLOAT_EQ(warm[3], warm[0]);
  EXPECT_EQ(warm[1], -inf);
}

// ---- contradictions -------------------------------------------------------------------------------------------------

TEST(Recipe, MirostatMakesTheCutItself) {
  const std::pair<const char*, const char*> cuts[] = {
      {"top_n_sigma", "2"},       {"top_h", "0.5"},        {"top_k", "5"},
      {"top_p", "0.9"},           {"min_p", "0.1"},        {"typical_p", "0.9"},
      {"epsilon_cutoff", "0.01"}, {"eta_cutoff", "0.01"},  {"xtc_probability", "0.5"},
      {"adaptive_target", "0.5"}, {"adaptive_target", "0"}};
  for (const auto& [option, value] : cuts) {
    for (const char* version : {"1", "2"}) {
      const GenerationConfig config = given({{"mirostat", version}, {option, value}});
      const std::string message =
          fmt::format("mirostat {} contradicts {} {}: drop one of them", version, option, value);
      EXPECT_EQ(usage_error([&] { reject_processor_contradictions(config); }), message);
      EXPECT_EQ(usage_error([&] { make_recipe(config, false, setup()); }), message);
    }
    EXPECT_NO_THROW(reject_processor_contradictions(given({{"mirostat", "0"}, {option, value}}))) << option;
  }
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{{"top_k", "50"},
                                                                                      {"top_k", "0"},
                                                                                      {"top_p", "1"},
                                                                                      {"temperature", "0.7"},
                                                                                      {"dynatemp_range", "0.3"},
                                                                                      {"repetition_penalty", "1.2"},
                                                                                      {"mirostat_tau", "3"},
                                                                                      {"watermark", "true"}}) {
    const GenerationConfig config = given({{"mirostat", "2"}, {option, value}});
    EXPECT_NO_THROW(reject_processor_contradictions(config)) << option;
    EXPECT_EQ(resolve_strategy(config).name, "sample") << option;
  }
}

TEST(Recipe, OneGrammarIsEnough) {
  const GenerationConfig grammar{.grammar = "root ::= \"a\""}, schema{.json_schema = "{}"};
  EXPECT_NO_THROW(reject_processor_contradictions(grammar));
  EXPECT_NO_THROW(reject_processor_contradictions(schema));
  EXPECT_EQ(resolve_strategy(grammar).name, "greedy");
  EXPECT_EQ(resolve_strategy(schema).name, "greedy");
  EXPECT_EQ(usage_error([&] {
              reject_processor_contradictions({.grammar = grammar.grammar, .json_schema = schema.json_schema});
            }),
            "grammar contradicts json_schema: drop one of them");
}

// ---- rows -----------------------------------------------------------------------------------------------------------

TEST(Recipe, EveryPlaceAndEveryNameIsTakenOnce) {
  std::set<std::pair<ChainPart, int>> places;
  std::set<std::string_view> options;
  for (const ProcessorRow* row : processor_rows()) {
    EXPECT_TRUE(places.emplace(row->part, row->place).second) << row->option;
    EXPECT_TRUE(options.insert(row->option).second) << row->option;
  }
  EXPECT_GE(options.size(), 39u);
}

// ---- processors of the user's own -----------------------------------------------------------------------------------

class Own final : public Processor {
 public:
  explicit Own(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void operator()(Scores& scores, const Context&) const override {
    scores.keep_if([](Token id, float) { return id != 3; });
  }

 private:
  std::string name_;
};

std::shared_ptr<const Processor> own(const std::string& name) { return std::make_shared<Own>(name); }

TEST(OwnProcessors, StandBehindTheEditsOrWhereTheyAreTold) {
  ChainSetup with = setup();
  with.own = {{own("first")},
              {own("second")},
              {.processor = own("before"), .place = 650},
              {.processor = own("cut"), .part = ChainPart::warper, .place = 550},
              {.processor = own("last"), .part = ChainPart::ending}};
  const GenerationConfig config = given({{"repetition_penalty", "2"},
                                         {"presence_penalty", "1"},
                                         {"suppress_tokens", "1"},
                                         {"temperature", "2"},
                                         {"top_k", "5"},
                                         {"top_p", "0.9"},
                                         {"renormalize_logits", "true"}});
  const Recipe recipe = make_recipe(config, true, with);
  EXPECT_EQ(names(recipe), (Names{"repetition_penalty", "before", "presence_penalty", "suppress_tokens", "first",
                                  "second", "temperature", "top_k", "cut", "top_p", "renormalize_logits", "last"}));
  EXPECT_EQ(recipe.n_edits, 6u);
  EXPECT_EQ(names(make_recipe(given({{"temperature", "2"}}), false, with)),
            (Names{"before", "first", "second", "last"}))
      << "without sampling there are no warpers";
  GenerationConfig ordered = config;
  ordered.sampler_order = "top_p;temperature;penalties;top_k";
  EXPECT_EQ(names(make_recipe(ordered, true, with)),
            (Names{"before", "suppress_tokens", "first", "second", "cut", "top_p", "temperature", "repetition_penalty",
                   "presence_penalty", "top_k", "renormalize_logits", "last"}));
}

// The names of stages, and what was removed by whom, outlive processors, chain and trace.
TEST(OwnProcessors, TheirNamesLiveAsLongAsWhatWasTraced) {
  std::vector<ChainTrace::Stage> stages;
  std::string_view remover;
  {
    ChainSetup with = setup();
    with.own = {{own("a name that is too long to be kept inside a string object")}};
    const Chain chain({}, false, with);
    with.own.clear();
    ChainTrace trace;
    Scores scores = scores_of({1, 2, 3, 4});
    chain.traced(scores, {}, trace);
    stages = trace.stages();
    remover = trace.removed_by(3);
  }
  ASSERT_EQ(stages.size(), 1u);
  EXPECT_EQ(stages[0].name, "a name that is too long to be kept inside a string object");
  EXPECT_EQ(stages[0].kept, 3);
  EXPECT_EQ(remover, stages[0].name);
}

// ---- values ---------------------------------------------------------------------------------------------------------

TEST(Recipe, ExponentialDecayIsAStartAndAFactor) {
  for (const char* text : {"5", "5,1.1,2", "5.5,1.1", "1e10,1.1", "-1e10,1.1"}) {
    const std::string message = usage_error([&] { recipe_of(given({{"exponential_decay_length_penalty", text}})); });
    EXPECT_TRUE(message.starts_with("exponential_decay_length_penalty is ")) << message;
    EXPECT_TRUE(message.ends_with(": it must be START,FACTOR, a number of tokens and a factor")) << message;
  }
  EXPECT_EQ(usage_error([&] {
              recipe_of(given({{"exponential_decay_length_penalty", "-1,1.1"}}));
            }),
            "exponential_decay_length_penalty starts at -1: it must be at least 0");
  EXPECT_EQ(usage_error([&] {
              recipe_of(given({{"exponential_decay_length_penalty", "1,0"}}));
            }),
            "exponential_decay_length_penalty has the factor 0: it must be a positive number");
  EXPECT_NO_THROW(recipe_of(given({{"exponential_decay_length_penalty", "0,1"}})));
}

TEST(Recipe, TextsAndIdsNeedAVocabulary) {
  for (const auto& [option, text] : std::vector<std::pair<std::string, std::string>>{{"sequence_bias", "ab=2"},
                                                                                     {"logit_bias", "3=1"},
                                                                                     {"dry_multiplier", "1"},
                                                                                     {"bad_words", "a"},
                                                                                     {"allowed_token_ids", "1"},
                                                                                     {"watermark", "true"},
                                                                                     {"mirostat", "2"}}) {
    const GenerationConfig config = given({{option, text}});
    EXPECT_EQ(usage_error([&] { make_recipe(config, true, {}); }),
              "an option that reads text or token ids needs a vocabulary")
        << option;
  }
  EXPECT_NO_THROW(make_recipe(given({{"temperature", "2"}, {"repetition_penalty", "2"}}), true, {}));
}

TEST(Recipe, WatermarkOptionsAreItsConfiguration) {
  const WatermarkConfig plain = watermark_config({});
  EXPECT_EQ(plain.greenlist_ratio, .25);
  EXPECT_EQ(plain.bias, 2);
  EXPECT_EQ(plain.hashing_key, 15485863u);
  EXPECT_FALSE(plain.selfhash);
  EXPECT_EQ(plain.context_width, 1);
  const WatermarkConfig other = watermark_config(given({{"watermark_greenlist_ratio", "0.5"},
                                                        {"watermark_bias", "3"},
                                                        {"watermark_hashing_key", "7"},
                                                        {"watermark_seeding_scheme", "selfhash"},
                                                        {"watermark_context_width", "4"}}));
  EXPECT_EQ(other.greenlist_ratio, .5);
  EXPECT_EQ(other.bias, 3);
  EXPECT_EQ(other.hashing_key, 7u);
  EXPECT_TRUE(other.selfhash);
  EXPECT_EQ(other.context_width, 4);
}

// The option if it asks for more than the strategy needs.
TEST(Recipe, EveryCutKeepsAsManyAsTheStrategyOrTheOptionSays) {
  for (const auto& [option, text] : std::vector<std::pair<std::string, std::string>>{{"top_k", "1"},
                                                                                     {"top_p", "0.01"},
                                                                                     {"min_p", "1"},
                                                                                     {"typical_p", "0.01"},
                                                                                     {"epsilon_cutoff", "0.9"},
                                                                                     {"eta_cutoff", "0.9"},
                                                                                     {"top_h", "0.01"}}) {
    for (const auto& [by_setup, by_option, kept] : {std::tuple(1, 1, 1), {3, 1, 3}, {1, 2, 2}, {3, 2, 3}}) {
      GenerationConfig config = given({{option, text}, {"min_tokens_to_keep", std::to_string(by_option)}});
      if (option != "top_k") config.top_k = 0;
      ChainSetup with = setup();
      with.min_tokens_to_keep = by_setup;
      Scores scores = scores_of({5, 4, 3, 2, 1, 0, -1, -2, -3});
      Chain(config, true, with)(scores, Context{.tokens = Tokens{0}, .n_prompt = 1});
      EXPECT_EQ(scores.kept(), kept) << option << " " << by_setup << " " << by_option;
    }
  }
}

TEST(Recipe, WhatTheSetupSaysReachesTheProcessors) {
  ChainSetup with = setup();
  with.max_length = 4;
  const Floats logits(9, 1.f);
  const auto run = [&](const GenerationConfig& config, const Tokens& tokens) {
    Scores scores = scores_of(logits);
    Chain(config, false, with)(scores, Context{.tokens = tokens, .n_prompt = 1});
    return values(scores, 9);
  };
  EXPECT_EQ(run(given({{"forced_eos_token_id", "8"}}), {0, 1}), logits);
  EXPECT_EQ(run(given({{"forced_eos_token_id", "8"}}), {0, 1, 2})[0], -inf);
  for (const auto& option : {std::pair<std::string, std::string>{"min_length", "3"}, {"min_new_tokens", "2"}}) {
    EXPECT_EQ(run(given({option}), {0, 1})[8], -inf);
    EXPECT_EQ(run(given({option}), {0, 1, 2}), logits);
  }
  EXPECT_EQ(run(given({{"bad_words", "a"}, {"bad_words", "[8]"}}), {0, 1})[0], -inf);
  EXPECT_EQ(run(given({{"bad_words", "a"}, {"bad_words", "[8]"}}), {0, 1})[8], 1);  // the end cannot be a bad word
  EXPECT_GT(run(given({{"exponential_decay_length_penalty", "0,2"}}), {0, 1, 2})[8], 1);
}

}  // namespace
}  // namespace decant
