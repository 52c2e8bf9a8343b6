#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "engine/support.h"
#include "model/unwanted.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

using namespace testing;

constexpr TableShape kRoomy{.n_cells = 4096, .n_context = 128, .max_sequences = 64, .max_rows = 64, .max_outputs = 32};

std::vector<std::vector<Token>> alone(const GenerationConfig& config, std::vector<Token> prompt) {
  return run_alone(request(config, std::move(prompt), resolve_strategy(config).run), kRoomy);
}

GenerationConfig beams(int n) {
  GenerationConfig config = greedy_config(9);
  config.num_beams = n;
  return config;
}

std::string message(const Outcome& outcome) {
  try {
    outcome.rethrow();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Engine, RequestsInCompanyWriteWhatTheyWriteAlone) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  std::vector<GenerationConfig> configs = {greedy_config(20), sampling_config(5, 20), beams(4), sampling_config(6, 7)};
  configs[3].num_return_sequences = 5;
  std::vector<Ticket> tickets;
  for (const GenerationConfig& config : configs) tickets.push_back(engine.submit(job(config, {1, 2, 3})));
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const Outcome& outcome = tickets[i].outcome();
    outcome.rethrow();
    EXPECT_EQ(ids(outcome), alone(configs[i], {1, 2, 3})) << i;
    EXPECT_FALSE(outcome.cancelled);
    EXPECT_GT(outcome.stats.rows, 0);
  }
}

TEST(Engine, EventsSayWhatTheOutcomeSays) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  GenerationConfig config = sampling_config(3, 12);
  config.num_return_sequences = 3;
  Job all = job(config, {1, 2});
  all.wishes.decisions = true;
  Ticket ticket = engine.submit(all);
  std::vector<std::vector<Token>> told(3), decided(3);
  std::vector<std::string> bytes(3);
  int finished = 0;
  while (auto event = ticket.next()) {
    if (const auto* token = std::get_if<TokenEvent>(&*event)) {
      told[static_cast<std::size_t>(token->sequence)].push_back(token->token);
      bytes[static_cast<std::size_t>(token->sequence)] += token->bytes;
    } else if (const auto* decision = std::get_if<Decision>(&*event)) {
      decided[static_cast<std::size_t>(decision->sequence)].push_back(decision->token);
    } else if (std::holds_alternative<FinishedEvent>(*event)) {
      ++finished;
    }
  }
  EXPECT_TRUE(ticket.ended());
  const Outcome& outcome = ticket.outcome();
  EXPECT_EQ(ids(outcome), told);
  EXPECT_EQ(told, decided);
  EXPECT_EQ(finished, 3);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(outcome.sequences[i].bytes, bytes[i]);
}

// A strategy that another thread tells what to do: it holds itself, and is let go behind each order.
struct Orders {
  std::mutex mutex;
  int left = 0, taken = 0, looked = 0;
  bool take() {
    const std::lock_guard lock(mutex);
    ++looked;
    if (left == 0) return false;
    --left;
    return true;
  }
  int count() {
    const std::lock_guard lock(mutex);
    return taken;
  }
};

Task<void> told(Run& run, std::shared_ptr<Orders> orders) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    while (!orders->take()) {
      run.hold(true);
      co_await run.pause();
    }
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    tip = run.emit(0, step, step.scores.argmax());
    const std::lock_guard lock(orders->mutex);
    ++orders->taken;
  }
}

TEST(Engine, AStrategyWaitsForAnotherThreadAndKeepsNobodyWaiting) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  const auto orders = std::make_shared<Orders>();
  Job job = testing::job(greedy_config(8), {1, 2, 3});
  job.strategy = [orders](decant::Run& run) { return told(run, orders); };
  Ticket ticket = engine.submit(job);
  for (int i = 0; i < 8; ++i) {
    engine.submit(testing::job(greedy_config(3), {4, 5})).outcome().rethrow();  // which is served meanwhile
    EXPECT_EQ(orders->count(), i);
    {
      const std::lock_guard lock(orders->mutex);
      orders->left = 1;
    }
    ticket.go_on();
    while (orders->count() == i) std::this_thread::yield();
  }
  const Outcome& outcome = ticket.outcome();
  outcome.rethrow();
  EXPECT_EQ(ids(outcome), alone(greedy_config(8), {1, 2, 3}));
  EXPECT_LT(orders->looked, 100);  // it sleeps while it waits
}

TEST(Engine, EveryTokenHasItsLogProbability) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  for (GenerationConfig config : {sampling_config(5, 20), beams(4)}) {
    config.num_return_sequences = 3;
    Ticket ticket = engine.submit(job(config, {1, 2, 3}));
    for (const Sequence& each : ticket.outcome().sequences) {
      ASSERT_EQ(each.log_p.size(), each.ids.size());
      double sum = 0;
      for (const double log_p : each.log_p) sum += log_p;
      EXPECT_NEAR(sum, each.score, 1e-9);
    }
  }
}

TEST(Engine, WhatCannotBeCarriedOutIsRefusedAtOnce) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  EXPECT_THROW(engine.submit(job(greedy_config(), {})), Error);
  EXPECT_THROW(engine.submit(job(greedy_config(), {99})), Error);
  EXPECT_THROW(engine.submit(job(greedy_config(), std::vector<Token>(129, 1))), Error);
  Job nowhere = job(greedy_config(), {1});
  nowhere.model = "chair";
  EXPECT_THROW(engine.submit(nowhere), Error);
  GenerationConfig contradiction = greedy_config();
  contradiction.num_return_sequences = 2;
  EXPECT_THROW(engine.submit(job(contradiction, {1})), Error);
}

// A model of which only the last layer can be seen.
class WithoutLayers : public TableModel {
 public:
  explicit WithoutLayers(TableShape shape) : TableModel(shape), info_(TableModel::info()) { info_.has_layers = false; }
  const ModelInfo& info() const override { return info_; }

 private:
  ModelInfo info_;
};

TEST(Engine, AStrategyThatTheModelCannotDoIsRefusedAtOnce) {
  Engine engine;
  engine.load("table", [] { return std::make_unique<WithoutLayers>(kRoomy); });
  GenerationConfig dola = greedy_config(3);
  dola.dola_layers = "low";
  try {
    engine.submit(job(dola, {1}));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("inner layers"), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW(engine.submit(job(greedy_config(3), {1})).outcome().rethrow());
}

TEST(Engine, ATextOfAnotherModelIsNoBeginning) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  engine.load("chair", table_model(kRoomy));
  Job first = job(greedy_config(3), {1, 2});
  first.bookmarks = true;
  Ticket ticket = engine.submit(first);
  Job next = job(greedy_config(3), {1});
  next.from = ticket.outcome().bookmarks.at(0);
  next.model = "chair";
  EXPECT_THROW(engine.submit(next), Error);
  GenerationConfig contrast = greedy_config(3);
  contrast.amateur = "table";
  EXPECT_THROW(engine.submit(job(contrast, {1})), Error) << "the same model twice";
  contrast.amateur = "chair";
  EXPECT_NO_THROW(engine.submit(job(contrast, {1})).outcome().rethrow());
}

// A strategy that is a lambda with state lives as long as its request.
TEST(Engine, AStrategyOwnsWhatItHasCaptured) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  Job own = job(greedy_config(5), {1, 2});
  own.strategy = [text = std::vector<Token>{3, 1, 4, 1, 5}](decant::Run& run) -> Task<void> {
    Node tip = run.prompt();
    for (const Token token : text) {
      auto rows = co_await run.eval(tip);
      const Step step = run.process(0, tip, rows[0]);
      tip = run.emit(0, step, token);
    }
  };
  Ticket ticket = engine.submit(std::move(own));
  EXPECT_EQ(ids(ticket.outcome()), (std::vector<std::vector<Token>>{{3, 1, 4, 1, 5}}));
}

TEST(Engine, WhatCanNeverFitIsRefusedWithNumbers) {
  Engine engine;
  engine.load("table", table_model({.n_cells = 40, .n_context = 40}));
  try {
    engine.submit(job(beams(16), std::vector<Token>(30, 1)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("45 positions"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("has 40"), std::string::npos) << error.what();
  }
}

// Three fit at a time: none is failed for another's sake, and none writes anything else for it.
TEST(Engine, RequestsWaitUntilTheirCellsAreFree) {
  Engine engine;
  engine.load("table", table_model({.n_cells = 100, .n_context = 64, .max_sequences = 64}));
  std::vector<Ticket> tickets;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    tickets.push_back(engine.submit(job(sampling_config(seed, 26), {static_cast<Token>(seed % 8), 2})));
  }
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Outcome& outcome = tickets[seed].outcome();
    outcome.rethrow();
    EXPECT_EQ(ids(outcome), alone(sampling_config(seed, 26), {static_cast<Token>(seed % 8), 2}));
    EXPECT_EQ(outcome.stats.rows, 27) << "evaluated again: somebody else had its cells";
  }
}

TEST(Engine, TheLineIsBounded) {
  Engine engine({.max_live = 1, .max_waiting = 2, .max_events = 1});
  engine.load("table", table_model(kRoomy));
  std::vector<Ticket> tickets;
  for (int i = 0; i < 6; ++i)
    tickets.push_back(engine.submit(job(greedy_config(20), {1, 2})));  // unread: the first is held
  int refused = 0;
  for (int i = 5; i >= 0; --i) {
    if (i < 3) break;
    refused += message(tickets[static_cast<std::size_t>(i)].outcome()).find("waiting already") != std::string::npos;
  }
  EXPECT_EQ(refused, 3);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ids(tickets[static_cast<std::size_t>(i)].outcome()), alone(greedy_config(20), {1, 2}));
}

TEST(Engine, ARequestOfASlowReaderIsHeldAndDelaysNobody) {
  Engine engine({.max_events = 8});
  engine.load("table", table_model(kRoomy));
  Ticket slow = engine.submit(job(greedy_config(100), {1, 2}));
  Ticket quick = engine.submit(job(greedy_config(100), {3, 2}));
  EXPECT_EQ(ids(quick.outcome()), alone(greedy_config(100), {3, 2}));
  EXPECT_LE(slow.stats().new_tokens, 9);
  EXPECT_EQ(ids(slow.outcome()), alone(greedy_config(100), {1, 2}));
}

TEST(Engine, HoldAndGoOn) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  Ticket ticket = engine.submit(job(greedy_config(100), {1, 2}));
  ticket.hold();  // maybe before it has begun
  engine.load();
  const int before = ticket.stats().new_tokens;
  engine.load();
  engine.load();
  EXPECT_EQ(ticket.stats().new_tokens, before);
  ticket.go_on();
  EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(100), {1, 2}));
}

TEST(Engine, CancellingFreesAtOnceAndKeepsWhatWasWritten) {
  Engine engine({.max_live = 1, .max_events = 4, .kept_texts = 0});
  engine.load("table", table_model(kRoomy));
  Ticket first = engine.submit(job(greedy_config(100), {1, 2}));
  Ticket second = engine.submit(job(greedy_config(100), {1, 3}));
  engine.load();  // both have arrived
  EXPECT_EQ(engine.load().waiting, 1);
  second.cancel();
  EXPECT_TRUE(second.outcome().cancelled);
  EXPECT_TRUE(second.outcome().sequences.empty());
  first.cancel();
  const Outcome& outcome = first.outcome();
  EXPECT_TRUE(outcome.cancelled);
  EXPECT_EQ(outcome.error, nullptr);
  const auto whole = alone(greedy_config(100), {1, 2})[0];
  const auto& written = outcome.sequences[0].ids;
  EXPECT_LT(written.size(), whole.size());
  EXPECT_TRUE(std::equal(written.begin(), written.end(), whole.begin()));
  const Engine::Load load = engine.load();
  EXPECT_EQ(load.live + load.waiting + load.nodes, 0);
  EXPECT_EQ(load.cells[0].second, 0);
}

// Stops in a forward, if told to, until it is unwanted.
class Stopping : public TableModel {
 public:
  using TableModel::TableModel;
  void forward(std::span<const Row> rows) override {
    if (stops) {
      inside = true;
      for (int i = 0; i < 10'000 && !UnwantedScope::says_so(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      stops = inside = false;
      if (UnwantedScope::says_so()) throw Unwanted();
      ADD_FAILURE() << "nobody gave it up";
    }
    TableModel::forward(rows);
  }
  std::atomic<bool> stops = false, inside = false;
};

TEST(Engine, AForwardThatNobodyWantsAnyMoreIsLeft) {
  Ticket third;
  Engine engine({.max_events = 4, .kept_texts = 0});
  auto made = std::make_shared<Stopping>(kRoomy);
  engine.load("table", [&] { return made; });
  const auto enter = [&](Ticket& read) {
    made->stops = true;
    while (!made->inside) read.next(std::chrono::milliseconds(10));
  };
  Ticket first = engine.submit(job(greedy_config(100), {1, 2})),
         second = engine.submit(job(greedy_config(100), {1, 3}));
  engine.load();  // both have arrived
  enter(first);
  first.cancel();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_TRUE(made->inside);  // as the other one wants it
  second.cancel();
  for (Ticket* each : {&first, &second}) {
    EXPECT_TRUE(each->outcome().cancelled);
    EXPECT_EQ(each->outcome().error, nullptr);
  }
  EXPECT_EQ(engine.load().cells[0].second, 0);
  for (const Token last : {2, 3}) {
    Ticket again = engine.submit(job(greedy_config(100), {1, last}));
    EXPECT_EQ(ids(again.outcome()), alone(greedy_config(100), {1, last}));
  }
  third = engine.submit(job(greedy_config(100), {1, 4}));
  enter(third);
}  // and the engine's end does not wait for it

TEST(Engine, DroppingATicketCancels) {
  Engine engine({.max_events = 4, .kept_texts = 0});
  engine.load("table", table_model(kRoomy));
  { const Ticket ticket = engine.submit(job(greedy_config(100), {1, 2})); }
  const Engine::Load load = engine.load();
  EXPECT_EQ(load.live + load.waiting + load.nodes, 0);
}

TEST(Engine, AnEndedEngineEndsItsTickets) {
  Ticket alive, waiting;
  Bookmark mark;
  {
    Engine engine({.max_live = 1, .max_events = 4});
    engine.load("table", table_model(kRoomy));
    Job first = job(greedy_config(3), {5});
    first.bookmarks = true;
    Ticket done = engine.submit(first);
    mark = done.outcome().bookmarks.at(0);
    alive = engine.submit(job(greedy_config(100), {1, 2}));
    waiting = engine.submit(job(greedy_config(100), {1, 2}));
  }
  EXPECT_TRUE(alive.outcome().cancelled);
  EXPECT_THROW(alive.outcome().rethrow(), Error);
  EXPECT_THROW(waiting.outcome().rethrow(), Error);
  EXPECT_EQ(mark.first(2).tokens().size(), 2u);
}

TEST(Engine, AModelUnloadedInUseGoesWithItsLastRequest) {
  Engine engine({.max_events = 4});
  auto alive = std::make_shared<int>(0);
  struct Counted : TableModel {
    Counted(TableShape shape, std::shared_ptr<int> count) : TableModel(shape), token(std::move(count)) {}
    std::shared_ptr<int> token;
  };
  engine.load("table", [&] { return std::make_unique<Counted>(kRoomy, alive); });
  EXPECT_EQ(alive.use_count(), 2);
  Ticket ticket = engine.submit(job(greedy_config(50), {1, 2}));
  EXPECT_TRUE(engine.unload("table"));
  EXPECT_FALSE(engine.unload("table"));
  EXPECT_THROW(engine.submit(job(greedy_config(), {1})), Error);
  EXPECT_TRUE(engine.models().empty());
  EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(50), {1, 2}));
  engine.load();
  EXPECT_EQ(alive.use_count(), 1);
  engine.load("table", table_model(kRoomy));
  EXPECT_EQ(ids(engine.submit(job(greedy_config(50), {1, 2})).outcome()), alone(greedy_config(50), {1, 2}));
}

TEST(Engine, AModelIsMadeOnceForAllWhoAsk) {
  Engine engine;
  std::atomic<int> made = 0;
  const auto make = [&]() -> std::unique_ptr<Model> {
    ++made;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::make_unique<TableModel>(kRoomy);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { engine.load("table", make); });
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(made, 1);
  EXPECT_THROW(engine.load("broken", []() -> std::unique_ptr<Model> { throw Error(ErrorKind::data, "no"); }), Error);
  EXPECT_EQ(engine.models(), (std::vector<std::string>{"table"}));
}

// ---- texts that are kept --------------------------------------------------------------------------------------------

TEST(Engine, AKeptTextIsNotReadAgain) {
  for (const bool keeps : {true, false}) {
    Engine engine;
    engine.load("table", table_model(kRoomy));
    Job first = job(greedy_config(4), {1, 2, 3, 4, 5, 6});
    first.keeps_text = keeps;
    engine.submit(first).outcome().rethrow();
    Job second = job(greedy_config(4), {1, 2, 3, 4, 5, 7});
    Ticket ticket = engine.submit(second);
    EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(4), {1, 2, 3, 4, 5, 7}));
    EXPECT_EQ(ticket.outcome().stats.rows, keeps ? 1 + 3 : 6 + 3);
  }
}

TEST(Engine, KeptTextsGoWhereCellsAreShort) {
  Engine engine({.kept_texts = 100});
  engine.load("table", table_model({.n_cells = 64, .n_context = 64, .max_sequences = 32, .max_rows = 16}));
  for (Token first = 0; first < 8; ++first) {
    for (Token next = 0; next < 4; ++next) {
      Ticket ticket = engine.submit(job(greedy_config(20), {first, next, 3}));
      EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(20), {first, next, 3}));
    }
  }
  EXPECT_LT(engine.load().kept_texts, 4);
}

TEST(Engine, ForgetLeavesNothing) {
  Engine engine;
  engine.load("table", table_model(kRoomy));
  engine.submit(job(greedy_config(4), {1, 2, 3})).outcome().rethrow();
  EXPECT_GT(engine.load().nodes, 0);
  engine.forget();
  EXPECT_EQ(engine.load().nodes, 0);
  EXPECT_EQ(engine.load().cells[0].second, 0);
  Ticket again = engine.submit(job(greedy_config(4), {1, 2, 3}));
  EXPECT_EQ(again.outcome().stats.rows, 3 + 3);
}

// Three turns of a chat read every token once; undo reads nothing again; and the texts are those of a fresh start.
void chat_and_undo(int rewind) {
  TableShape shape = kRoomy;
  shape.rewind = rewind;
  Engine engine({.kept_texts = 0});
  engine.load("table", table_model(shape));
  const std::vector<std::vector<Token>> turns = {{1, 2, 3}, {4, 5}, {6, 7, 1, 2}};
  Bookmark mark, before;
  std::vector<Token> text;
  std::int64_t rows = 0;
  for (const auto& turn : turns) {
    Job next = job(greedy_config(6), turn);
    next.from = before = mark;
    next.bookmarks = true;
    Ticket ticket = engine.submit(next);
    ticket.outcome().rethrow();
    rows += ticket.outcome().stats.rows;
    text.insert(text.end(), turn.begin(), turn.end());
    EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(6), text));
    const std::vector<Token>& answer = ticket.outcome().sequences[0].ids;
    text.insert(text.end(), answer.begin(), answer.end());
    mark = ticket.outcome().bookmarks.at(0);
    EXPECT_EQ(mark.tokens(), text);
    EXPECT_EQ(mark.model(), "table");
  }
  EXPECT_EQ(rows, std::ssize(text) - 1);  // the last token has not been read

  Job undone = job(greedy_config(6), {7});
  undone.from = before;
  Ticket ticket = engine.submit(undone);
  EXPECT_EQ(ticket.outcome().stats.rows, 1 + 5);  // {7}, and what follows: the undone turn has read the rest
  std::vector<Token> short_text = before.tokens();
  short_text.push_back(7);
  EXPECT_EQ(ids(ticket.outcome()), alone(greedy_config(6), short_text));

  Job branch = job(greedy_config(2), {0});  // from the middle of an answer
  branch.from = mark.first(5);
  Ticket branched = engine.submit(branch);
  EXPECT_EQ(branched.outcome().stats.rows, (rewind == kRewindAll ? 1 : 3) + 1);  // from the first prompt's state
  short_text.assign(text.begin(), text.begin() + 5);
  short_text.push_back(0);
  EXPECT_EQ(ids(branched.outcome()), alone(greedy_config(2), short_text));

  branch.from = undone.from = mark = before = {};
  EXPECT_EQ(engine.load().nodes, 0);
  EXPECT_EQ(engine.load().bookmarks, 0);
}

TEST(Engine, BookmarksGoOnWhereATextEnded) { chat_and_undo(kRewindAll); }

// A bookmark keeps the state behind its text.
TEST(Engine, BookmarksGoOnWhereAStateIs) {
  chat_and_undo(0);
  chat_and_undo(3);
}

}  // namespace
}  // namespace decant
