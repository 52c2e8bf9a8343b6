// A drafter of trees, added by this one file: by race texts are the same with random trees, by rejection their law is.
// In a program of its own, since what is registered here stands in every list.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "drafters/drafter.h"
#include "support/chi_square.h"
#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

constexpr int n_vocab = 5;

// Up to three children at every guess, some of them twice, three deep.
class Trees : public Lookup {
 public:
  void look_up(Run&, Draft& draft) override {
    ++rounds;
    for (int i = kTip; i < std::ssize(draft.guesses()); ++i) {
      if (draft.node(i).length() - draft.tip().length() >= 3) continue;
      for (unsigned n = random_() % 4; n > 0 && draft.may_grow(i); --n) {
        draft.add(i, static_cast<Token>(random_() % n_vocab));
      }
    }
  }
  static inline int rounds = 0;

 private:
  std::mt19937 random_{3};
};

const Registered<DrafterRow> row({
    .name = "toy_trees",
    .order = 100,
    .doc = "random trees",
    .is_asked_for = [](const auto&) { return false; },
    .is_usual = [](const auto&) { return false; },
    .reads = {"num_assistant_tokens_schedule"},
    .most = [](const auto&) { return 24; },
    .make = [](const decant::Run&, int) -> std::unique_ptr<Drafter> { return std::make_unique<Trees>(); },
});

// Two or three children of each place, drawn one after the other without replacement from a law of its own, two deep.
class DrawnTrees : public Lookup {
 public:
  DrawnTrees() {
    std::vector<float> logits = {0, 2.5F, 1, -1, 0.5F};
    Scores scores;
    scores.reset(logits);
    law_ = std::make_shared<const Law>(scores);
  }

  void look_up(Run&, Draft& draft) override {
    for (int i = kTip; i < std::ssize(draft.guesses()); ++i) {
      if (draft.node(i).length() - draft.tip().length() >= 2) continue;
      std::vector<bool> gone(n_vocab);
      for (unsigned n = 2 + random_() % 2; n > 0 && draft.may_grow(i); --n) {
        const Token token = draw(gone);
        gone[static_cast<std::size_t>(token)] = true;
        draft.add({.node = draft.node(i).child(token), .parent = i, .drawn_from = law_, .q = law_->p(token)});
      }
    }
  }

 private:
  Token draw(const std::vector<bool>& gone) {
    std::vector<double> left;
    for (Token token = 0; token < n_vocab; ++token)
      left.push_back(gone[static_cast<std::size_t>(token)] ? 0 : law_->p(token));
    return std::discrete_distribution<Token>(left.begin(), left.end())(random_);
  }

  static inline std::mt19937 random_{4};
  std::shared_ptr<const Law> law_;
};

const Registered<DrafterRow> drawn_row({
    .name = "toy_drawn",
    .order = 101,
    .doc = "random trees of drawn guesses",
    .is_asked_for = [](const auto&) { return false; },
    .is_usual = [](const auto&) { return false; },
    .reads = {"num_assistant_tokens_schedule"},
    .most = [](const auto&) { return 24; },
    .make = [](const decant::Run&, int) -> std::unique_ptr<Drafter> { return std::make_unique<DrawnTrees>(); },
});

const Pairs drawn = {{"do_sample", "true"}};
const Pairs trees = {{"drafter", "toy_trees"}, {"num_assistant_tokens_schedule", "constant"}};

struct Result {
  Written written;
  std::int64_t kept = 0;
};

Result write(const Pairs& options, std::uint64_t seed, const TableShape& shape) {
  const GenerationConfig config = given(options);
  TableModel model(shape, random_table(n_vocab, seed));
  model.set_vocab(TableVocab({"a", "b", "c", "ab", "<end>"}, {4}));
  Decisions decisions(model.vocab(), config.num_return_sequences);
  Scheduler scheduler({&model});
  const auto run = start(scheduler, drafted_request(config, {0, 1, 2}, &decisions));
  scheduler.run();
  Result result{written_by(*run, &decisions)};
  EXPECT_LE(model.used_cells(), 3 + 1) << "the prompt, and what guidance leads away from";
  for (const auto& each : run->stats().speculation.drafters) result.kept += each.kept;
  return result;
}

TEST(ToyDrafter, TextsWithTreesAreThoseWithout) {
  const Pairs ways[] = {{},
                        drawn,
                        {{"mirostat", "2"}},
                        {{"guidance_scale", "1.5"}},
                        drawn + Pairs{{"repetition_penalty", "1.3"}, {"no_repeat_ngram_size", "2"}},
                        drawn + Pairs{{"num_return_sequences", "3"}},
                        drawn + Pairs{{"stop_strings", "ba"}},
                        drawn + Pairs{{"max_new_tokens", "3"}}};
  const TableShape wide{.n_vocab = n_vocab, .n_cells = 256, .max_sequences = 64};
  const TableShape narrow{.n_vocab = n_vocab, .n_cells = 30, .max_sequences = 3, .max_rows = 8, .max_outputs = 4};
  std::int64_t kept = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    for (const Pairs& way : ways) {
      const Pairs base = way + Pairs{{"seed", std::to_string(seed)}};
      const Written plain = write(base, seed, wide).written;
      for (const TableShape& shape : {wide, narrow}) {
        if (shape.max_sequences == 3 && given(way).guidance_scale != 1) continue;  // two texts do not fit
        const Result result = write(base + trees, seed, shape);
        EXPECT_EQ(result.written.error, plain.error);
        EXPECT_TRUE(result.written == plain) << seed << ::testing::PrintToString(way);
        kept += result.kept;
      }
    }
  }
  EXPECT_GT(kept, 200);
}

// Texts of two tokens; of a tree a block takes a chain.
void expect_law(const char* drafter) {
  const int n_texts = 20000;
  const TableShape shape{.n_vocab = n_vocab, .n_cells = 64, .max_sequences = 32};
  const Table table = random_table(n_vocab, 2);
  const auto law_after = [&](std::vector<Token> text) {
    std::vector<double> p;
    double total = 0;
    for (const float each : table(text)) total += p.emplace_back(std::exp(double{each}));
    for (double& each : p) each /= total;
    return p;
  };
  for (const char* how : {"rejection", "block"}) {
    TableModel model(shape, table);
    Scheduler scheduler({&model});
    std::map<std::vector<Token>, int> found;
    GenerationConfig config = given(drawn + Pairs{{"max_new_tokens", "2"}, {"drafter", drafter}, {"verify", how}});
    for (int seed = 0; seed < n_texts; ++seed) {
      config.seed = static_cast<std::uint64_t>(seed);
      const auto run = start(scheduler, drafted_request(config, {0, 1, 2}));
      scheduler.run();
      run->rethrow();
      ++found[run->sequences()[0].ids];
    }
    ChiSquare test;
    const std::vector<double> first = law_after({0, 1, 2});
    for (Token a = 0; a < n_vocab; ++a) {
      const std::vector<double> second = law_after({0, 1, 2, a});
      for (Token b = 0; b < n_vocab; ++b) {
        test.add(found[{a, b}], n_texts * first[static_cast<std::size_t>(a)] * second[static_cast<std::size_t>(b)]);
      }
    }
    EXPECT_GT(test.p_value(), 1e-6) << how;
  }
}

TEST(ToyDrafter, TheLawWithTreesIsTheOneWithout) { expect_law("toy_trees"); }

// Siblings are verified in the order in which they were drawn, or what is left of the law is another.
TEST(ToyDrafter, TheLawWithDrawnTreesIsTheOneWithout) { expect_law("toy_drawn"); }

}  // namespace
}  // namespace decant
