// What a model says of a text as a drafter: its own likeliest tokens under the text's processors, or what it draws, and
// where it stops.
#include <gtest/gtest.h>

#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

constexpr int n_vocab = 6;
const Table target_table = random_table(n_vocab, 1), draft_table = random_table(n_vocab, 2);
const Tokens prompt = {1, 2, 3};

std::vector<Seen> drafted(const Pairs& options, int n_context = 128, int most = 32) {
  TableModel target({.n_vocab = n_vocab}, target_table);
  TableModel draft({.n_vocab = n_vocab, .n_context = n_context}, draft_table);
  for (TableModel* each : {&target, &draft}) each->set_vocab(TableVocab({"a", "b", "c", "d", "e", "<end>"}, {5}));
  Scheduler scheduler({&target, &draft});
  const auto guesses = guesses_of(scheduler, given(Pairs{{"assistant_model", "x"}} + options), prompt, most);
  EXPECT_EQ(target.rows_evaluated(), 0) << "the target is not asked";
  return guesses;
}

// The draft's own greedy text.
Tokens greedy(std::size_t n, float bias_to_3 = 0) {
  Tokens text = prompt;
  while (text.size() < prompt.size() + n) {
    std::vector<float> logits = draft_table(text);
    logits[3] += bias_to_3;
    text.push_back(static_cast<Token>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
  }
  return {text.begin() + std::ssize(prompt), text.end()};
}

const Pairs endless = {{"ignore_eos", "true"}, {"max_new_tokens", "50"}};

TEST(DraftModel, SaysItsLikeliestTokensUnderTheSameProcessors) {
  EXPECT_EQ(tokens_of(drafted(endless)), greedy(5)) << "num_assistant_tokens";
  EXPECT_EQ(tokens_of(drafted(endless + Pairs{{"num_assistant_tokens", "9"}})), greedy(9));
  EXPECT_EQ(tokens_of(drafted(endless + Pairs{{"sequence_bias", "[3]=2.5"}})), greedy(5, 2.5F));
}

TEST(DraftModel, SaysHowLikelyItsTokensAre) {
  Tokens text = prompt;
  for (const Seen& each : drafted(endless)) {
    const std::vector<float> logits = draft_table(text);
    double total = 0;
    for (const float logit : logits) total += std::exp(double{logit});
    EXPECT_NEAR(each.q, std::exp(double{logits[static_cast<std::size_t>(each.token)]}) / total, 1e-6);
    text.push_back(each.token);
  }
}

// The token that it was not sure of is still guessed, as in Hugging Face.
TEST(DraftModel, StopsWhereItIsNotSure) {
  const std::vector<Seen> all = drafted(endless + Pairs{{"num_assistant_tokens", "12"}});
  for (const double threshold : {.3, .5, .7, .9}) {
    const auto unsure = std::find_if(all.begin(), all.end(), [&](const Seen& each) { return each.q < threshold; });
    const std::ptrdiff_t expected = unsure == all.end() ? std::ssize(all) : unsure - all.begin() + 1;
    EXPECT_EQ(std::ssize(drafted(endless + Pairs{{"num_assistant_tokens", "12"},
                                                 {"assistant_confidence_threshold", fmt::format("{}", threshold)}})),
              expected);
  }
}

TEST(DraftModel, StopsWhereTheTextOrItsContextEnds) {
  EXPECT_EQ(tokens_of(drafted(Pairs{{"ignore_eos", "true"}, {"max_new_tokens", "3"}})), greedy(2))
      << "the last one is the target's own";
  EXPECT_EQ(tokens_of(drafted(endless, 128, 4)), greedy(4));
  EXPECT_EQ(tokens_of(drafted(endless, 5)), greedy(2)) << "it reads four tokens";
  EXPECT_TRUE(drafted(endless, 3).empty()) << "it has no room behind the prompt";
  const Tokens text = greedy(5);
  EXPECT_EQ(tokens_of(drafted(endless + Pairs{{"stop_token_ids", fmt::to_string(text[1])}})),
            (Tokens{text.begin(), std::find(text.begin(), text.end(), text[1]) + 1}));
}

// By race the draft takes part in the target's own, so that alike models agree; else its draws are its own.
TEST(DraftModel, TakesPartInTheRaceAndElseDrawsItsOwn) {
  int same = 0, others = 0;
  for (int seed = 1; seed <= 40; ++seed) {
    const Pairs draws = endless + Pairs{{"do_sample", "true"}, {"seed", fmt::to_string(seed)}};
    TableModel alone({.n_vocab = n_vocab}, draft_table);
    Scheduler scheduler({&alone});
    const auto run = start(scheduler, drafted_request(given(draws), prompt));
    scheduler.run();
    const Tokens& ids = run->sequences()[0].ids;
    const Tokens five(ids.begin(), ids.begin() + 5);
    same += tokens_of(drafted(draws)) == five;
    others += tokens_of(drafted(draws + Pairs{{"verify", "rejection"}})) == five;
  }
  EXPECT_EQ(same, 40);
  EXPECT_LT(others, 10);
}

}  // namespace
}  // namespace decant
