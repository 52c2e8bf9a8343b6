// A draft model with another vocabulary, on table models: what it says changes no text, and is mostly kept.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "options/table.h"
#include "strategies/resolve.h"
#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

// Both spell the same characters: the target mostly in longer tokens, the draft in tokens that it lacks.
TableVocab target_vocab() {
  return TableVocab({"a", "b", "ab", "abb", " ", " a", "<end>", "\xC3", "\xA9", "bb", "\xEF\xBF\xBD"}, {6});
}
TableVocab draft_vocab() {
  return TableVocab({"<end>", "b", "a", " ", "ba", "\xC3\xA9", "bb", "\xEF\xBF\xBD", "\xC3", "\xA9"}, {0});
}

std::string wanted_text(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < 1000)
    text += random() % 9 == 0 ? "\xC3\xA9" : random() % 4 == 0 ? " " : random() % 2 == 0 ? "a" : "b";
  return text;
}

// Logits by text: what goes on as one of a seed is likely, the longer the likelier. So models of one seed write nearly
// the same, whatever their tokens are.
Table by_text(const TableVocab& vocab, std::uint64_t seed, float noise, std::uint64_t noise_seed) {
  const Table other = random_table(vocab.size(), noise_seed);
  const std::string wanted = wanted_text(seed);
  return [=](const std::vector<Token>& tokens) {
    std::size_t at = 0;
    for (const Token token : tokens) at += vocab.bytes(token).size();
    std::vector<float> logits = other(tokens);
    for (Token token = 0; token < vocab.size(); ++token) {
      const std::string_view bytes = vocab.bytes(token);
      float& logit = logits[static_cast<std::size_t>(token)];
      logit *= noise;
      if (!bytes.empty() && wanted.substr(at, bytes.size()) == bytes)
        logit += 3 + 0.5F * static_cast<float>(bytes.size());
    }
    return logits;
  };
}

struct Small {
  TableVocab vocab = draft_vocab();
  int n_cells = 512, n_context = 256;
  float noise = 0.3F;  // of the logits
};

WrittenWithStats write(const Pairs& options, std::uint64_t seed, const Small& small = {}) {
  TableShape shape{.n_vocab = target_vocab().size(), .n_cells = 512, .n_context = 256, .max_sequences = 64};
  TableModel target(shape, by_text(target_vocab(), seed, small.noise, seed + 1));
  shape.n_vocab = small.vocab.size();
  shape.n_cells = small.n_cells;
  shape.n_context = std::min(small.n_context, small.n_cells);
  TableModel draft(shape, by_text(small.vocab, seed, small.noise, seed + 2));
  target.set_vocab(target_vocab());
  draft.set_vocab(small.vocab);
  return write_with(target, draft, options, {2, 4, 2, 0, 9, 4});
}

const Pairs universal = {{"assistant_model", "x"}, {"num_assistant_tokens_schedule", "constant"}};

const Pairs drafters[] = {
    {{"assistant_model", "x"}},
    universal,
    universal + Pairs{{"num_assistant_tokens", "9"}},
    universal + Pairs{{"drafter", "universal"}, {"num_assistant_tokens", "1"}},
    universal + Pairs{{"drafter", "prompt_lookup,universal"}},
};

const Pairs ways[] = {
    {},
    {{"repetition_penalty", "1.3"}},
    {{"do_sample", "true"}},
    {{"temperature", "0.7"}, {"top_k", "4"}, {"top_p", "0.9"}},
    {{"do_sample", "true"}, {"repetition_penalty", "1.3"}, {"no_repeat_ngram_size", "3"}},
    {{"mirostat", "2"}},
    {{"do_sample", "true"}, {"num_return_sequences", "3"}},
    {{"do_sample", "true"}, {"min_new_tokens", "9"}},
    {{"do_sample", "true"}, {"stop_strings", "ba"}},
    {{"stop_strings", "b b"}, {"include_stop_str_in_output", "false"}},
    {{"guidance_scale", "1.5"}},
    {{"do_sample", "true"}, {"max_new_tokens", "3"}},
};

std::int64_t kept(const WrittenWithStats& written) {
  std::int64_t kept = 0;
  for (const auto& each : written.stats.speculation.drafters) {
    if (each.name == "universal") kept += each.kept;
  }
  return kept;
}

TEST(Universal, TheTextIsTheSame) {
  std::int64_t greedy = 0, drawn = 0;
  for (const Pairs& way : ways) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const Pairs base = way + Pairs{{"seed", fmt::to_string(seed)}};
      const WrittenWithStats plain = write(base, seed);
      for (const Pairs& drafter : drafters) {
        const WrittenWithStats drafted = write(base + drafter, seed);
        EXPECT_EQ(drafted.ids, plain.ids) << seed << ::testing::PrintToString(way) << ::testing::PrintToString(drafter);
        EXPECT_EQ(drafted.texts, plain.texts);
        (resolve_strategy(given(way)).draws(given(way)) ? drawn : greedy) += kept(drafted);
      }
    }
  }
  EXPECT_GT(greedy, 200) << "or nothing was tried";
  EXPECT_GT(drawn, 200);
}

TEST(Universal, ByBytesMostIsKept) {
  std::int64_t drafted = 0, kept = 0, rounds = 0, tokens = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const SpeculationStats stats = write(universal + Pairs{{"ignore_eos", "true"}}, seed).stats.speculation;
    ASSERT_EQ(stats.drafters.size(), 1U);
    EXPECT_EQ(stats.drafters[0].name, "universal") << "chosen by itself";
    drafted += stats.drafters[0].drafted;
    kept += stats.drafters[0].kept;
    rounds += stats.rounds;
    tokens += stats.tokens;
  }
  EXPECT_GT(2 * kept, drafted);
  EXPECT_LT(2 * rounds, tokens);
}

// Both say the same of every text, and take part in the same race, by the target's ids: whatever is drafted is kept.
TEST(Universal, OfTheSameTokensInAnotherOrderAllIsKept) {
  const TableVocab turned({"\xEF\xBF\xBD", "<end>", "bb", "\xA9", "\xC3", " a", " ", "abb", "ab", "b", "a"}, {1});
  std::int64_t drafted = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const WrittenWithStats written = write(universal + Pairs{{"temperature", "0.9"},
                                                             {"repetition_penalty", "1.1"},
                                                             {"suppress_tokens", "7,8"},
                                                             {"seed", fmt::to_string(seed)}},
                                           seed, {.vocab = turned, .noise = 0});
    const auto& its = written.stats.speculation.drafters.at(0);
    EXPECT_EQ(its.name, "universal");
    EXPECT_EQ(its.kept, its.drafted);
    drafted += its.drafted;
  }
  EXPECT_GT(drafted, 200);
}

TEST(Universal, OfOneVocabularyTheDraftModelKeepsItsName) {
  const WrittenWithStats written = write(universal, 1, {.vocab = target_vocab()});
  EXPECT_EQ(written.stats.speculation.drafters.at(0).name, "draft_model");
  const WrittenWithStats named = write(universal + Pairs{{"drafter", "universal"}}, 1, {.vocab = target_vocab()});
  EXPECT_EQ(named.stats.speculation.drafters.at(0).name, "universal");
  EXPECT_EQ(named.ids, written.ids);
}

TEST(Universal, WithoutRoomItSaysNothing) {
  for (const Pairs& way :
       {Pairs{}, Pairs{{"do_sample", "true"}}, Pairs{{"do_sample", "true"}, {"num_return_sequences", "3"}}}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Pairs base = way + Pairs{{"ignore_eos", "true"}};
      const WrittenWithStats plain = write(base, seed);
      EXPECT_EQ(write(base + universal, seed, {.n_context = 20}).ids, plain.ids);
      EXPECT_EQ(write(base + universal, seed, {.n_cells = 40}).ids, plain.ids);
      EXPECT_EQ(kept(write(base + universal, seed, {.n_context = 6})), 0);
    }
  }
}

// By rejection, too, where what is drawn is drawn from the tokens that both have.
TEST(Universal, ByRejectionTheLawIsTheSame) {
  const int n_seeds = 1500;
  const Pairs base = {{"do_sample", "true"}, {"ignore_eos", "true"}, {"max_new_tokens", "2"}};
  for (const Pairs& how : {Pairs{{"verify", "rejection"}}, Pairs{{"verify", "block"}}, Pairs{}}) {
    std::map<std::vector<Token>, double> wanted, found;
    const Table table = by_text(target_vocab(), 3, 0.3F, 4);
    const auto law = [&](std::vector<Token> text) {
      std::vector<float> logits = table(text);
      std::vector<double> p(logits.begin(), logits.end());
      double total = 0;
      for (double& each : p) total += each = std::exp(each);
      for (double& each : p) each /= total;
      return p;
    };
    const std::vector<Token> prompt = {2, 4, 2, 0, 9, 4};
    const std::vector<double> first = law(prompt);
    for (Token a = 0; a < target_vocab().size(); ++a) {
      std::vector<Token> longer = prompt;
      longer.push_back(a);
      const std::vector<double> second = law(longer);
      for (Token b = 0; b < target_vocab().size(); ++b)
        wanted[{a, b}] = first[static_cast<std::size_t>(a)] * second[static_cast<std::size_t>(b)];
    }
    for (int seed = 0; seed < n_seeds; ++seed)
      ++found[write(base + universal + how + Pairs{{"seed", fmt::to_string(seed)}}, 3).ids.at(0)];
    double chi_square = 0, rest_wanted = 0, rest_found = 0;
    int cells = 0;
    for (const auto& [text, p] : wanted) {
      if (n_seeds * p < 10) {
        rest_wanted += n_seeds * p;
        rest_found += found[text];
        continue;
      }
      chi_square += std::pow(found[text] - n_seeds * p, 2) / (n_seeds * p);
      ++cells;
    }
    if (rest_wanted > 0) chi_square += std::pow(rest_found - rest_wanted, 2) / rest_wanted;
    EXPECT_LT(chi_square, cells + 5.2 * std::sqrt(2.0 * cells)) << ::testing::PrintToString(how) << " " << cells;
  }
}

}  // namespace
}  // namespace decant
