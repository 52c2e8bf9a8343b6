
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/beams.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

using Phrases = std::vector<std::vector<std::vector<Token>>>;  // words, each any one of some phrases

GenerationConfig constrained_config(int num_beams, int max_new_tokens, const Phrases& words,
                                    std::vector<Token> eos = {}) {
  GenerationConfig config = beam_config(num_beams, max_new_tokens, std::move(eos));
  config.strategy = "constrained_beam";
  for (const auto& phrases : words) config.force_words.push_back(fmt::format("{}", phrases));
  return config;
}

TableModel table_model(int n_vocab, std::uint64_t seed) {
  return TableModel({.n_vocab = n_vocab, .n_cells = 4096, .max_sequences = 400, .max_rows = 1024, .max_outputs = 400},
                    random_table(n_vocab, seed));
}

bool contains(const std::vector<Token>& ids, const std::vector<Token>& phrase) {
  return std::search(ids.begin(), ids.end(), phrase.begin(), phrase.end()) != ids.end();
}

// How often one of the phrases occurs, at most, from `begin` on, if no two share a token: every choice is tried.
int count_apart(const std::vector<Token>& ids, const std::vector<std::vector<Token>>& phrases, std::size_t begin = 0) {
  int most = 0;
  for (std::size_t at = begin; at < ids.size(); ++at) {
    for (const auto& phrase : phrases) {
      if (at + phrase.size() > ids.size() ||
          !std::equal(phrase.begin(), phrase.end(), ids.begin() + static_cast<std::ptrdiff_t>(at)))
        continue;
      most = std::max(most, 1 + count_apart(ids, phrases, at + phrase.size()));
    }
  }
  return most;
}

std::vector<std::string> lacking(const std::vector<Token>& ids, const Phrases& words) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto sorted = [&](std::size_t j) {
      auto phrases = words[j];
      std::sort(phrases.begin(), phrases.end());
      return phrases;
    };
    int needed = 1;
    for (std::size_t j = 0; j < i; ++j) needed += sorted(j) == sorted(i);
    if (count_apart(ids, words[i]) < needed) names.push_back(fmt::format("{}", words[i]));
  }
  return names;
}

Phrases random_words(int n_vocab) {
  const auto token = [&] { return static_cast<Token>(*rc::gen::inRange(0, n_vocab - 1)); };
  const auto phrase = [&] {
    std::vector<Token> ids(static_cast<std::size_t>(*rc::gen::inRange(1, 4)));
    for (Token& id : ids) id = token();
    return ids;
  };
  Phrases words(static_cast<std::size_t>(*rc::gen::inRange(1, 3)));
  for (auto& phrases : words) {
    phrases.push_back(phrase());
    const std::vector<Token> other = phrase();
    if (other[0] != phrases[0][0] && *rc::gen::arbitrary<bool>()) phrases.push_back(other);
  }
  return words;
}

// Whatever is found says truly what it lacks, and those that lack nothing come first.
RC_GTEST_PROP(ConstrainedBeam, WordsAreMetOrReportedUnmet, ()) {
  const int n_vocab = *rc::gen::inRange(3, 7);
  TableModel model = table_model(n_vocab, *rc::gen::inRange(1, 1000));
  const Phrases words = random_words(n_vocab);
  GenerationConfig config = constrained_config(*rc::gen::inRange(2, 7), *rc::gen::inRange(1, 9), words, {n_vocab - 1});
  config.length_penalty = *rc::gen::element(-1.0, 0.0, 1.0);
  config.early_stopping = *rc::gen::element("false", "true", "never");
  bool lacks_some = false;
  for (const Sequence& each : search(config, model, {0, 1, 0, 1})) {
    RC_ASSERT(each.beam->unmet == lacking(each.ids, words));
    RC_ASSERT(!lacks_some || !each.beam->unmet.empty());
    lacks_some = !each.beam->unmet.empty();
  }
}

// Enough beams for every text of a length: the best of all texts that contain the words, by exhaustive search.
TEST(ConstrainedBeam, WithBeamsEnoughItFindsTheBestOfAllTextsWithTheWords) {
  const Phrases cases[] = {{{{0}}},           {{{0, 1}}},           {{{1, 1, 0}}},
                           {{{0}}, {{2, 2}}}, {{{0, 1}, {2, 0}}},   {{{0, 1}}, {{1, 2}}},
                           {{{0}}, {{0}}},    {{{1, 1}}, {{1, 1}}}, {{{0}, {1, 2}}, {{1, 2}, {0}}}};
  for (const Phrases& words : cases) {
    for (const double length_penalty : {0.0, 1.0}) {
      TableModel model = table_model(4, 11);
      GenerationConfig config = constrained_config(200, 4, words, {3});
      config.length_penalty = length_penalty;
      config.early_stopping = "never";
      std::vector<Found> with_words;
      for (const Found& each : all_texts(law_of_table(model), {1, 2}, config)) {
        if (lacking(each.ids, words).empty()) with_words.push_back(each);
      }
      ASSERT_FALSE(with_words.empty());
      std::vector<Sequence> found = search(config, model);
      std::erase_if(found, [](const Sequence& each) { return !each.beam->unmet.empty(); });
      EXPECT_EQ(difference(found, with_words), "") << config.force_words[0] << " " << length_penalty;
    }
  }
}

// Few beams: whenever the words fit, the first answer has them.
TEST(ConstrainedBeam, FewBeamsGetThereWheneverTheWordsFit) {
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    TableModel model = table_model(6, seed);
    const Phrases words = {{{static_cast<Token>(seed % 5), 2, 3}}, {{4}, {1, 1}}};
    const auto found = search(constrained_config(4, 10, words, {5}), model);
    EXPECT_TRUE(found[0].beam->unmet.empty()) << seed;
  }
}

// A text that has its words is not lost to likelier ones that lack them: the word comes first in it and cheap texts do
// not have it, so that nothing but the word itself speaks for it. Whether it goes on or ends at once.
TEST(ConstrainedBeam, ATextThatHasItsWordsIsKept) {
  int kept = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Table table = [random = random_table(6, seed)](const std::vector<Token>& text) {
      std::vector<float> logits = random(text);
      const bool has_word = std::find(text.begin() + 2, text.end(), 4) != text.end();
      logits[4] = -9;  // the word is unlikely
      if (has_word) {  // and behind it everything is equally likely, the end a little more
        for (float& each : logits) each = 0;
        logits[5] = 0.1f;
      } else {
        logits[0] = 8;
        logits[1] = 7;
      }
      return logits;
    };
    TableModel model({.n_vocab = 6}, table);
    const int k = 2 + static_cast<int>(seed % 3);
    GenerationConfig config = constrained_config(k, 4 + static_cast<int>(seed % 5), {{{4}}}, {5});
    config.length_penalty = 0;
    const auto found = search(config, model);
    ASSERT_FALSE(found.empty());
    EXPECT_TRUE(found[0].beam->unmet.empty()) << seed;
    // The first text to have the word ended at once, which is the best it could do.
    const bool ends_at_once = std::any_of(found.begin(), found.end(), [](const Sequence& each) {
      return each.beam->unmet.empty() && each.ids == std::vector<Token>{4, 5};
    });
    EXPECT_TRUE(ends_at_once) << seed;
    for (const Sequence& each : found) kept += each.beam->unmet.empty();
  }
  EXPECT_GE(kept, 120);  // not only the last one to be forced
}

TEST(ConstrainedBeam, AWordAskedForTwiceOccursTwice) {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    TableModel model = table_model(6, seed);
    for (const Phrases& words : {Phrases{{{0, 1}}, {{0, 1}}}, Phrases{{{2}}, {{2}}, {{2}}}, Phrases{{{3, 3}}, {{3, 3}}},
                                 Phrases{{{0, 1}, {2}}, {{2}, {0, 1}}}}) {
      const auto found = search(constrained_config(4, 9, words, {5}), model);
      EXPECT_TRUE(found[0].beam->unmet.empty()) << seed;
      EXPECT_EQ(count_apart(found[0].ids, words[0]) >= static_cast<int>(words.size()), true) << seed;
    }
  }
}

TEST(ConstrainedBeam, WordsThatDoNotFitAreReported) {
  TableModel model = table_model(6, 3);
  const auto found = search(constrained_config(3, 2, {{{0, 1, 2}}}), model);
  ASSERT_EQ(found.size(), 3u);
  for (const Sequence& each : found) EXPECT_EQ(each.beam->unmet, std::vector<std::string>{"[[0, 1, 2]]"});
}

// A grammar, say, leaves only the end.
TEST(ConstrainedBeam, TextsThatMustEndWithoutTheirWordsAreReported) {
  TableModel model = table_model(6, 3);
  for (const bool hf_compat : {false, true}) {
    GenerationConfig config = constrained_config(3, 8, {{{0, 1, 2}}}, {5});
    config.hf_compat = hf_compat;
    config.prefix_allowed_tokens_fn = [](std::span<const int> text) {
      return text.size() < 4 ? std::vector<int>{3, 4} : std::vector<int>{5};
    };
    const auto found = search(config, model);
    ASSERT_FALSE(found.empty());
    for (const Sequence& each : found) {
      EXPECT_EQ(each.ids.back(), 5);
      EXPECT_EQ(each.beam->unmet, std::vector<std::string>{"[[0, 1, 2]]"});
    }
  }
}

// The prompt's word counts there, so that a text may end; what it lacks is said all the same.
TEST(ConstrainedBeam, EndsSayWhatTheyLackWhenHuggingFaceIsRepeated) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    TableModel model = table_model(6, seed);
    GenerationConfig config = constrained_config(3, 8, {{{1, 2}}}, {5});
    config.hf_compat = true;
    for (const Sequence& each : search(config, model, {1, 2})) {
      EXPECT_EQ(each.beam->unmet.empty(), contains(each.ids, {1, 2})) << seed;
    }
  }
}

TEST(ConstrainedBeam, ThePromptDoesNotCountUnlessHuggingFaceIsToBeRepeated) {
  TableModel model = table_model(8, 1);
  GenerationConfig config = constrained_config(3, 6, {{{1, 2}}});
  EXPECT_TRUE(contains(search(config, model, {1, 2})[0].ids, {1, 2}));
  config.hf_compat = true;
  const auto there = search(config, model, {1, 2});
  EXPECT_FALSE(contains(there[0].ids, {1, 2}));
  EXPECT_EQ(there[0].beam->unmet.size(), 1u);  // said, though not acted upon
}

}  // namespace
}  // namespace decant
