// By race nothing but the time hangs on a drafter: texts, why they ended and what the trace says of every token are the
// same with any of them, whatever the options, the company, and the size of caches and contexts.
#include <gtest/gtest.h>

#include "support/drafted.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

constexpr int n_vocab = 7;

// Allows every other token, and the end.
class Half final : public Grammar {
 public:
  const std::vector<bool>& allowed() const override { return allowed_; }
  std::unique_ptr<const Grammar> after(Token token) const override { return std::make_unique<Half>(token % 2 == 0); }
  explicit Half(bool odd = true) {
    for (int i = 0; i < n_vocab; ++i) allowed_.push_back(i % 2 == odd || i == n_vocab - 1);
  }

 private:
  std::vector<bool> allowed_;
};

TableVocab vocab() {
  TableVocab made({"a", "b", "c", "ab", "d", "e", "<end>"}, {6});
  made.make_grammar = [](auto) { return std::make_unique<Half>(); };
  return made;
}

// Two models, of which the second one drafts.
struct Pair {
  TableModel target, draft;
  explicit Pair(std::uint64_t seed, const TableShape& shape = {.n_vocab = n_vocab, .n_cells = 300, .max_sequences = 64})
      : Pair(seed, shape, shape) {}
  Pair(std::uint64_t seed, const TableShape& shape, const TableShape& small)
      : target(shape, table_of(seed)),
        draft(small, alike(table_of(seed), random_table(n_vocab, seed + 1000), seed % 3 == 0 ? 0.1F : 0.4F)) {
    target.set_vocab(vocab());
    draft.set_vocab(vocab());
  }
  // Those of even seeds see the last three tokens alone, so that texts repeat themselves.
  static Table table_of(std::uint64_t seed) {
    const Table whole = random_table(n_vocab, seed);
    if (seed % 2 == 1) return whole;
    return [=](const std::vector<Token>& text) {
      return whole({text.end() - std::min<std::ptrdiff_t>(3, std::ssize(text)), text.end()});
    };
  }
};

const std::vector<Token> prompts[] = {{0, 1, 2, 0, 1, 2, 0, 1}, {3}, {0, 5, 0, 4, 0, 5, 0, 4, 1, 0, 5}};

struct Tried {
  std::int64_t kept = 0, refused = 0;
  void note(const SpeculationStats& stats) {
    for (const auto& each : stats.drafters) {
      kept += each.kept;
      refused += each.drafted - each.kept;
    }
  }
};

Written write(Pair& pair, const Pairs& options, const std::vector<Token>& prompt, Tried* tried = nullptr,
              SchedulerOptions how = {}) {
  const GenerationConfig config = given(options);
  Decisions decisions(pair.target.vocab(), config.num_return_sequences);
  Scheduler scheduler(how);
  scheduler.add(pair.target);
  scheduler.add(pair.draft, 1);
  const auto run = start(scheduler, drafted_request(config, prompt, &decisions));
  scheduler.run();
  if (tried) tried->note(run->stats().speculation);
  return written_by(*run, &decisions);
}

// As much as it can, whatever that costs; and once as much as pays.
const Pairs constant = {{"num_assistant_tokens_schedule", "constant"}};
const Pairs drafters[] = {
    constant + Pairs{{"prompt_lookup_num_tokens", "5"}},
    constant + Pairs{{"prompt_lookup_num_tokens", "9"}, {"max_matching_ngram_size", "1"}},
    constant + Pairs{{"assistant_model", "x"}},
    constant +
        Pairs{{"assistant_model", "x"}, {"num_assistant_tokens", "11"}, {"assistant_confidence_threshold", "0.3"}},
    constant + Pairs{{"assistant_early_exit", "2"}},
    {{"drafter", "prompt_lookup,draft_model"}, {"assistant_model", "x"}},
};

const Pairs drawn = {{"do_sample", "true"}};
const Pairs ways[] = {
    {},
    drawn,
    {{"temperature", "0.7"}, {"top_k", "4"}, {"top_p", "0.9"}},
    {{"repetition_penalty", "1.4"}},
    drawn + Pairs{{"repetition_penalty", "1.3"}, {"no_repeat_ngram_size", "3"}, {"presence_penalty", "0.3"}},
    {{"no_repeat_ngram_size", "2"}},
    {{"mirostat", "1"}},
    {{"mirostat", "2"}, {"mirostat_tau", "2"}},
    {{"adaptive_target", "0.3"}},
    drawn + Pairs{{"xtc_probability", "0.5"}, {"xtc_threshold", "0.05"}},
    drawn + Pairs{{"dry_multiplier", "1"}, {"dry_allowed_length", "1"}},
    drawn + Pairs{{"min_new_tokens", "9"}},
    drawn + Pairs{{"stop_strings", "ba"}},
    {{"stop_strings", "ab"}, {"include_stop_str_in_output", "false"}},
    drawn + Pairs{{"stop_token_ids", "3"}},
    {{"max_new_tokens", "4"}},
    drawn + Pairs{{"max_new_tokens", "1"}},
    drawn + Pairs{{"max_length", "13"}, {"max_new_tokens", "100"}},
    {{"grammar", "x"}},
    drawn + Pairs{{"grammar", "x"}},
    {{"guidance_scale", "1.5"}},
    drawn + Pairs{{"guidance_scale", "2"}},
    drawn + Pairs{{"num_return_sequences", "4"}},
    drawn + Pairs{{"num_return_sequences", "3"}, {"mirostat", "2"}, {"guidance_scale", "1.5"}},
    drawn + Pairs{{"ignore_eos", "true"}, {"max_new_tokens", "40"}},
    {{"amateur", "x"}},
    drawn + Pairs{{"amateur", "x"}, {"repetition_penalty", "1.2"}},
    {{"dola_layers", "low"}},
    drawn + Pairs{{"dola_layers", "high"}},
    drawn + Pairs{{"sequence_bias", "[3,1]=2"}},
    {{"exponential_decay_length_penalty", "4,1.5"}},
};

TEST(SpeculativeBits, AreThoseWithoutADrafterWhateverTheOptions) {
  for (const Pairs& way : ways) {
    Tried tried;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const auto& prompt = prompts[seed % std::size(prompts)];
      const Pairs base = Pairs{{"seed", std::to_string(seed)}} + way;
      Pair alone(seed);
      const Written plain = write(alone, base, prompt);
      for (const Pairs& drafter : drafters) {
        SCOPED_TRACE(::testing::Message()
                     << seed << ::testing::PrintToString(way) << ::testing::PrintToString(drafter));
        Pair pair(seed);
        ASSERT_TRUE(write(pair, base + drafter, prompt, &tried) == plain);
        EXPECT_EQ(pair.target.used_cells(), 0);
        EXPECT_EQ(pair.draft.used_cells(), 0) << "drafted nodes are gone when nobody needs them";
      }
    }
    if (given(way).max_new_tokens == 1) continue;
    EXPECT_GT(tried.kept, 0) << ::testing::PrintToString(way);
    EXPECT_GT(tried.refused, 0) << ::testing::PrintToString(way);
  }
}

// Nodes are evicted all the time, batches hold a few rows, and a draft is verified in several of them.
TEST(SpeculativeBits, AreTheSameInSmallCaches) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const Pairs& way : {Pairs{}, drawn, drawn + Pairs{{"num_return_sequences", "3"}}}) {
      const Pairs base = way + Pairs{{"seed", std::to_string(seed)}};
      const auto& prompt = prompts[seed % std::size(prompts)];
      Pair alone(seed);
      const Written plain = write(alone, base, prompt);
      const TableShape least{.n_vocab = n_vocab,
                             .n_cells = static_cast<int>(prompt.size()) + 24,
                             .max_sequences = 2,
                             .max_rows = 8,
                             .max_outputs = 3};
      for (const Pairs& drafter : drafters) {
        SCOPED_TRACE(::testing::Message()
                     << seed << ::testing::PrintToString(way) << ::testing::PrintToString(drafter));
        Pair pair(seed, least);
        EXPECT_TRUE(write(pair, base + drafter, prompt) == plain);
        Pair other(seed, least);
        EXPECT_TRUE(write(other, base + drafter, prompt, nullptr, {.prefill_chunk_size = 8, .synchronous = true}) ==
                    plain);
      }
    }
  }
}

// The text ends where the target's context does, and a draft does not look beyond it.
TEST(SpeculativeBits, AreTheSameAtTheEndOfTheContext) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const Pairs& way : {Pairs{}, drawn, Pairs{{"guidance_scale", "1.5"}}}) {
      const Pairs base = way + Pairs{{"seed", std::to_string(seed)}, {"ignore_eos", "true"}, {"max_new_tokens", "500"}};
      const TableShape shape{.n_vocab = n_vocab, .n_cells = 300, .n_context = 30, .max_sequences = 64};
      TableShape smaller = shape;
      smaller.n_context = 17;
      Pair alone(seed, shape);
      const Written plain = write(alone, base, prompts[0]);
      ASSERT_EQ(plain.finishes[0], FinishReason::context);
      for (const Pairs& drafter : drafters) {
        SCOPED_TRACE(::testing::Message()
                     << seed << ::testing::PrintToString(way) << ::testing::PrintToString(drafter));
        Pair same(seed, shape);
        const Written found = write(same, base + drafter, prompts[0]);
        EXPECT_EQ(found.error, "");
        EXPECT_TRUE(found == plain);
        Pair small(seed, shape, smaller);
        EXPECT_TRUE(write(small, base + drafter, prompts[0]) == plain) << "a draft model of a smaller context";
      }
    }
  }
}

// Requests of all kinds in one scheduler, in a cache that is too small for all of them.
TEST(SpeculativeBits, AreTheSameInCompany) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    std::vector<std::pair<Pairs, const std::vector<Token>*>> asked;
    for (std::size_t i = 0; i < 14; ++i) {
      const Pairs& way = ways[(i * 5 + seed) % std::size(ways)];
      const Pairs drafter = i % 3 == 2 ? Pairs{} : drafters[i % std::size(drafters)];
      asked.emplace_back(way + drafter + Pairs{{"seed", std::to_string(i)}}, &prompts[i % std::size(prompts)]);
    }
    asked.emplace_back(Pairs{{"num_beams", "3"}}, &prompts[0]);
    const TableShape shape{.n_vocab = n_vocab, .n_cells = 160, .max_sequences = 24, .max_rows = 24, .max_outputs = 12};
    Pair pair(seed, shape);
    Scheduler scheduler({}, {.prefill_chunk_size = 16});
    scheduler.add(pair.target);
    scheduler.add(pair.draft, 1);
    std::vector<std::unique_ptr<decant::Run>> runs;
    for (const auto& [options, prompt] : asked) {
      runs.push_back(start(scheduler, drafted_request(given(options), *prompt)));
      scheduler.step();
    }
    scheduler.run();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      SCOPED_TRACE(::testing::Message() << seed << ::testing::PrintToString(asked[i].first));
      Pairs plain = asked[i].first;
      std::erase_if(plain, [](const auto& each) {
        return each.first == "drafter" || each.first == "max_matching_ngram_size" ||
               each.first.starts_with("assistant") || each.first.starts_with("num_assistant") ||
               each.first.starts_with("prompt_lookup");
      });
      Pair alone(seed);
      Written expected = write(alone, plain, *asked[i].second);
      expected.decisions.clear();
      EXPECT_TRUE(written_by(*runs[i]) == expected);
    }
  }
}

// Whose drafts are always right writes one token more than was guessed, every time.
TEST(SpeculativeBits, ATokenMoreThanWasGuessedComesOfEveryRound) {
  for (const Pairs& way : {Pairs{}, drawn}) {
    TableModel target({.n_vocab = n_vocab}, random_table(n_vocab, 3)),
        draft({.n_vocab = n_vocab}, random_table(n_vocab, 3));
    Scheduler scheduler({&target, &draft});
    const GenerationConfig config =
        given(way + constant + Pairs{{"assistant_model", "x"}, {"num_assistant_tokens", "5"}, {"ignore_eos", "true"}});
    const auto run = start(scheduler, drafted_request(config, prompts[0]));
    scheduler.run();
    EXPECT_EQ(run->stats().new_tokens, 24);
    EXPECT_EQ(run->stats().speculation.rounds, 24 / 6);
  }
}

// What a trace says of a draft is what became of it.
TEST(SpeculativeBits, TheTraceSaysWhatBecameOfEveryGuess) {
  int accepted = 0, rejected = 0, bonus = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair(seed);
    const GenerationConfig config = given(drawn + drafters[seed % std::size(drafters)]);
    Decisions decisions(pair.target.vocab());
    Scheduler scheduler;
    scheduler.add(pair.target);
    scheduler.add(pair.draft, 1);
    const auto run = start(scheduler, drafted_request(config, prompts[0], &decisions));
    scheduler.run();
    int depth = 0;
    std::int64_t rounds = 0;
    for (const auto& [token, trace] : decisions.speculative[0]) {
      if (!trace) {  // nobody had anything to say
        ++rounds;
        depth = 0;
        continue;
      }
      if (trace->depth == 0) ++rounds;
      EXPECT_EQ(trace->depth, trace->depth == 0 ? 0 : depth + 1);
      depth = trace->depth;
      const bool guessed = std::any_of(trace->drafted.begin(), trace->drafted.end(),
                                       [&](const auto& each) { return each.token == token; });
      EXPECT_EQ(trace->verdict, guessed ? "accepted" : trace->drafted.empty() ? "bonus" : "rejected");
      EXPECT_EQ(trace->source >= 0, guessed && trace->drafter == "prompt_lookup");
      accepted += guessed;
      rejected += trace->verdict == "rejected";
      bonus += trace->verdict == "bonus";
    }
    EXPECT_EQ(run->stats().speculation.rounds, rounds);
  }
  EXPECT_GT(accepted, 20);
  EXPECT_GT(rejected, 20);
  EXPECT_GT(bonus, 5);
}

}  // namespace
}  // namespace decant
