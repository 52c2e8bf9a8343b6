// Speculation on table models: by race a text is the same with any drafter; by rejection and as a block its law is.
#include "strategies/speculative.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "options/table.h"
#include "strategies/resolve.h"
#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

constexpr int n_vocab = 6;

TableVocab vocab() { return TableVocab({"a", "b", "c", "ab", "d", "<end>"}, {5}); }

// On two models whose tables are alike, as a draft's and its target's are, and with n_cells positions in each cache.
WrittenWithStats write(const Pairs& options, std::uint64_t seed, int n_cells = 4096, int draft_context = 4096,
                       int n_context = 128) {
  const TableShape shape{.n_vocab = n_vocab, .n_cells = n_cells, .n_context = n_context, .max_sequences = 64};
  TableShape small = shape;
  small.n_cells = std::min(draft_context, n_cells);
  small.n_context = std::min(small.n_context, draft_context);
  const Table table = random_table(n_vocab, seed), other = random_table(n_vocab, seed + 1);
  TableModel target(shape, table), draft(small, alike(table, other, 0.3F));
  target.set_vocab(vocab());
  draft.set_vocab(vocab());
  return write_with(target, draft, options, {0, 1, 2, 0, 1, 2, 0, 1});
}

const Pairs drafters[] = {
    {{"prompt_lookup_num_tokens", "5"}},
    {{"assistant_model", "x"}},
    {{"assistant_model", "x"}, {"assistant_confidence_threshold", "0.4"}, {"num_assistant_tokens", "9"}},
    {{"assistant_early_exit", "1"}},
    {{"drafter", "suffix"}},
    {{"drafter", "suffix"}, {"num_assistant_tokens_schedule", "constant"}, {"earlier_texts", "abcaabdcab"}},
    {{"speculate", "auto"}, {"assistant_model", "x"}},
    {{"drafter", "prompt_lookup,draft_model"}, {"assistant_model", "x"}},
    {{"assistant_model", "x"}, {"num_assistant_tokens_schedule", "constant"}},
    {{"assistant_model", "x"}, {"num_assistant_tokens_schedule", "heuristic"}},
    {{"prompt_lookup_num_tokens", "5"}, {"num_assistant_tokens_schedule", "constant"}},
};

const Pairs ways[] = {
    {},
    {{"do_sample", "true"}},
    {{"temperature", "0.7"}, {"top_k", "4"}, {"top_p", "0.9"}},
    {{"do_sample", "true"}, {"repetition_penalty", "1.3"}, {"no_repeat_ngram_size", "3"}},
    {{"mirostat", "2"}},
    {{"do_sample", "true"}, {"xtc_probability", "0.5"}, {"xtc_threshold", "0.05"}},
    {{"do_sample", "true"}, {"num_return_sequences", "3"}},
    {{"do_sample", "true"}, {"min_new_tokens", "9"}},
    {{"do_sample", "true"}, {"stop_strings", "ba"}},
    {{"stop_strings", "cc"}, {"include_stop_str_in_output", "false"}},
    {{"guidance_scale", "1.5"}},
    {{"do_sample", "true"}, {"guidance_scale", "2"}},
    {{"do_sample", "true"}, {"max_new_tokens", "3"}},
    {{"dola_layers", "low"}},
};

TEST(Speculative, ByRaceTheTextIsTheSameWithAnyDrafter) {
  std::int64_t kept = 0, refused = 0;
  for (const Pairs& way : ways) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const Pairs base = way + Pairs{{"seed", fmt::to_string(seed)}};
      const WrittenWithStats plain = write(base, seed);
      for (const Pairs& drafter : drafters) {
        const WrittenWithStats drafted = write(base + drafter, seed);
        EXPECT_EQ(drafted.ids, plain.ids) << seed << ::testing::PrintToString(way) << ::testing::PrintToString(drafter);
        EXPECT_EQ(drafted.texts, plain.texts);
        EXPECT_EQ(drafted.finishes, plain.finishes);
        for (const auto& each : drafted.stats.speculation.drafters) {
          kept += each.kept;
          refused += each.drafted - each.kept;
        }
      }
    }
  }
  EXPECT_GT(kept, 1000) << "or nothing was tried";
  EXPECT_GT(refused, 1000);
}

TEST(Speculative, TokensAreWrittenInFewerRounds) {
  const Pairs sure = {{"assistant_model", "x"}, {"num_assistant_tokens_schedule", "constant"}};
  std::int64_t rounds = 0, tokens = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const WrittenWithStats drafted = write(sure, seed);
    rounds += drafted.stats.speculation.rounds;
    tokens += drafted.stats.speculation.tokens;
    EXPECT_EQ(drafted.stats.speculation.tokens, drafted.stats.new_tokens);
  }
  EXPECT_LT(rounds, tokens * 2 / 3);
}

// Hugging Face's update_candidate_strategy: 2 more after a draft that was kept, else 1 less, but 1 at least.
TEST(Speculative, TheHeuristicScheduleFollowsWhatWasKept) {
  const Table table = random_table(n_vocab, 3);
  TableModel target({.n_vocab = n_vocab, .n_context = 512, .max_sequences = 64}, table);
  TableModel draft({.n_vocab = n_vocab, .n_context = 512, .max_sequences = 64},
                   alike(table, random_table(n_vocab, 4), 0.3F));
  Scheduler scheduler;
  scheduler.add(target);
  scheduler.add(draft, 1);
  Decisions decisions(target.vocab());
  const Pairs options = {{"assistant_model", "x"},
                         {"num_assistant_tokens", "3"},
                         {"num_assistant_tokens_schedule", "heuristic_transient"},
                         {"max_new_tokens", "200"},
                         {"ignore_eos", "true"}};
  const auto run = start(scheduler, drafted_request(given(options), {0, 1, 2}, &decisions));
  scheduler.run();
  run->rethrow();
  int expected = 3, kept = 0, rounds = 0, longest = 0;
  const auto& said = decisions.speculative[0];
  for (std::size_t i = 0; i < 160; ++i) {  // well before the end, where there is less room
    ASSERT_NE(said[i].trace, nullptr);
    if (said[i].trace->depth == 0) {
      if (rounds++ > 0) expected = kept == expected ? expected + 2 : std::max(1, expected - 1);
      ASSERT_EQ(said[i].trace->guesses, expected) << rounds;
      longest = std::max(longest, expected);
      kept = 0;
    }
    kept += said[i].trace->verdict == "accepted";
  }
  EXPECT_GT(rounds, 20);
  EXPECT_GT(longest, 4);
}

TEST(Speculative, ADraftThatCannotReadOnSaysNothing) {
  const Pairs sure = {{"assistant_model", "x"}, {"num_assistant_tokens_schedule", "constant"}};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const WrittenWithStats plain = write({{"ignore_eos", "true"}}, seed);
    EXPECT_EQ(write(sure + Pairs{{"ignore_eos", "true"}}, seed, 4096, 16).ids, plain.ids);
  }
}

TEST(Speculative, ATextEndsWithTheContextAsItDoesWithout) {
  const Pairs base = {{"ignore_eos", "true"}};
  for (const Pairs& drafter : drafters) {
    for (const int n_context : {9, 13, 20}) {
      const WrittenWithStats plain = write(base, 4, 4096, 4096, n_context);
      EXPECT_EQ(plain.finishes[0], FinishReason::context);
      const WrittenWithStats drafted = write(base + drafter, 4, 4096, 4096, n_context);
      EXPECT_EQ(drafted.ids, plain.ids);
      EXPECT_EQ(drafted.finishes, plain.finishes);
    }
  }
}

// Texts of three tokens over many seeds against their exact probabilities.
void expect_law(const Pairs& how) {
  const int n_seeds = 5000, length = 3;
  const Pairs base = Pairs{{"do_sample", "true"}, {"ignore_eos", "true"}, {"max_new_tokens", "3"}} + how;
  const Table table = random_table(n_vocab, 3);
  std::map<std::vector<Token>, double> wanted, found;
  const std::function<void(std::vector<Token>, double)> add = [&](const std::vector<Token>& text, double weight) {
    if (std::ssize(text) == length) {
      wanted[text] = weight;
      return;
    }
    std::vector<Token> whole = {0, 1, 2, 0, 1, 2, 0, 1};
    whole.insert(whole.end(), text.begin(), text.end());
    const std::vector<float> logits = table(whole);
    double total = 0;
    for (const float each : logits) total += std::exp(double{each});
    for (Token token = 0; token < n_vocab; ++token) {
      std::vector<Token> longer = text;
      longer.push_back(token);
      add(longer, weight * std::exp(double{logits[static_cast<std::size_t>(token)]}) / total);
    }
  };
  add({}, 1);
  for (int seed = 0; seed < n_seeds; ++seed) {
    const WrittenWithStats written = write(base + Pairs{{"seed", fmt::to_string(seed)}}, 3);
    ++found[written.ids.at(0)];
  }
  double chi_square = 0, rest_wanted = 0, rest_found = 0;
  int cells = 0;
  for (const auto& [text, p] : wanted) {
    if (n_seeds * p < 10) {  // too rare to be looked at one by one
      rest_wanted += n_seeds * p;
      rest_found += found[text];
      continue;
    }
    chi_square += std::pow(found[text] - n_seeds * p, 2) / (n_seeds * p);
    ++cells;
  }
  if (rest_wanted > 0) chi_square += std::pow(rest_found - rest_wanted, 2) / rest_wanted;
  // The normal approximation's 1 - 1e-7 quantile.
  EXPECT_LT(chi_square, cells + 5.2 * std::sqrt(2.0 * cells)) << ::testing::PrintToString(how) << " " << cells;
}

TEST(Speculative, ByRejectionTheLawIsTheSame) {
  expect_law({{"verify", "rejection"}, {"assistant_model", "x"}, {"num_assistant_tokens", "3"}});
  expect_law({{"verify", "rejection"}, {"prompt_lookup_num_tokens", "3"}});
}

TEST(Speculative, AsABlockTheLawIsTheSame) {
  expect_law({{"verify", "block"}, {"assistant_model", "x"}, {"num_assistant_tokens", "3"}});
}

TEST(Speculative, ByRaceTheLawIsTheSame) { expect_law({{"assistant_model", "x"}}); }

std::string error_of(const Pairs& options) {
  try {
    resolve_strategy(given(options));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Speculative, WhatCannotBeIsSaid) {
  EXPECT_EQ(error_of({{"drafter", "magic"}}), "there is no drafter magic: there are " + drafter_list());
  EXPECT_EQ(error_of({{"drafter", "draft_model"}}), "the drafter draft_model needs assistant_model");
  EXPECT_EQ(error_of({{"num_assistant_tokens", "3"}}).find("num_assistant_tokens does nothing without the drafter"),
            0U);
  EXPECT_NE(error_of({{"verify", "rejection"}, {"do_sample", "true"}}), "");
  EXPECT_NE(error_of({{"verify", "block"}, {"prompt_lookup_num_tokens", "3"}}), "") << "greedy";
  EXPECT_NE(error_of({{"num_beams", "3"}, {"prompt_lookup_num_tokens", "3"}}), "");
  EXPECT_NE(error_of({{"penalty_alpha", "0.6"}, {"top_k", "4"}, {"assistant_model", "x"}}), "");
  EXPECT_NE(error_of({{"amateur", "y"}, {"num_beams", "3"}, {"assistant_model", "x"}}), "");
  EXPECT_EQ(error_of({{"amateur", "y"}, {"assistant_model", "x"}}), "");
}

}  // namespace
}  // namespace decant
