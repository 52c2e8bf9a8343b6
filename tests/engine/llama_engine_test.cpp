// The engine on libllama: what is promised of texts that are gone on with, on a microscopic random model.
#include <gtest/gtest.h>

#include "engine/support.h"
#include "llama/llama_model.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace testing;

std::unique_ptr<Model> micro() {
  ModelOptions options;
  options.threads = 1;
  options.kernels = "on";  // whose rows are the same bits in any company
  return std::make_unique<LlamaModel>(test::model_file(test::kMicro), options, 2048, 64);
}

std::vector<Token> alone(const GenerationConfig& config, const std::vector<Token>& prompt) {
  Engine engine;
  engine.load("table", micro);
  Ticket ticket = engine.submit(job(config, prompt));
  ticket.outcome().rethrow();
  return ticket.outcome().sequences.at(0).ids;
}

GenerationConfig config(std::uint64_t seed) {
  GenerationConfig config = sampling_config(seed, 20);
  config.ignore_eos = true;
  return config;
}

// Three turns read each token once, undo reads nothing again, and the texts are those of a fresh start.
TEST(LlamaEngine, ThreeTurnsReadEachTokenOnce) {
  Engine engine({.kept_texts = 0});
  engine.load("table", micro);
  Bookmark mark, before;
  std::vector<Token> text;
  std::int64_t rows = 0;
  for (std::uint64_t turn = 0; turn < 3; ++turn) {
    const std::vector<Token> said = {static_cast<Token>(40 + turn), 50, 60};
    Job next = job(config(turn), said);
    next.from = before = mark;
    next.bookmarks = true;
    Ticket ticket = engine.submit(next);
    ticket.outcome().rethrow();
    rows += ticket.outcome().stats.rows;
    text.insert(text.end(), said.begin(), said.end());
    const std::vector<Token>& answer = ticket.outcome().sequences[0].ids;
    EXPECT_EQ(answer, alone(config(turn), text));
    text.insert(text.end(), answer.begin(), answer.end());
    mark = ticket.outcome().bookmarks.at(0);
    EXPECT_EQ(mark.tokens(), text);
  }
  EXPECT_EQ(rows, std::ssize(text) - 1);

  Job undone = job(config(9), {70});
  undone.from = before;
  Ticket ticket = engine.submit(undone);
  EXPECT_EQ(ticket.outcome().stats.rows, 1 + 19);
  std::vector<Token> shorter = before.tokens();
  shorter.push_back(70);
  EXPECT_EQ(ticket.outcome().sequences[0].ids, alone(config(9), shorter));
}

// After forget() a text is what it was on a new engine.
TEST(LlamaEngine, ForgetIsAFreshStart) {
  Engine engine;
  engine.load("table", micro);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Ticket ticket = engine.submit(job(config(seed), {static_cast<Token>(seed), 5, 6}));
    EXPECT_EQ(ticket.outcome().sequences[0].ids, alone(config(seed), {static_cast<Token>(seed), 5, 6}));
    EXPECT_EQ(ticket.outcome().stats.rows, 3 + 19);
    engine.forget();
  }
}

}  // namespace
}  // namespace decant
