// Many threads that do anything at random with one engine, and see to it that nothing is lost, mixed up or left behind.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/error.h"
#include "engine/support.h"

namespace decant::testing {

struct Case {
  GenerationConfig config;
  std::vector<Token> prompt;
  std::vector<std::vector<Token>> expected;
};

// `alone`: what a request writes that nobody else is there with.
template <class Alone>
std::vector<Case> make_cases(Alone alone) {
  std::vector<Case> cases;
  for (int i = 0; i < 24; ++i) {
    GenerationConfig config = i % 3 == 0 ? greedy_config(6 + i) : sampling_config(static_cast<std::uint64_t>(i), 4 + i);
    if (i % 6 == 4) config.num_return_sequences = 3;
    if (i % 6 == 3) config.num_beams = 3;
    std::vector<Token> prompt = {static_cast<Token>(i % 8), static_cast<Token>(i % 3), 1};
    auto expected = alone(config, prompt);
    cases.push_back({config, std::move(prompt), std::move(expected)});
  }
  return cases;
}

// What one thread does, by itself and at random.
class Visitor {
 public:
  Visitor(Engine& engine, const std::vector<Case>& cases, Engine::MakeModel make, unsigned seed)
      : engine_(engine), cases_(cases), make_(std::move(make)), random_(seed) {}

  void operate() {
    if (open_.size() > 4) return finish();
    switch (random_() % 12) {
      case 0:
        return with_ticket([](Ticket& ticket) { ticket.cancel(); }, true);
      case 1:
        return drop();
      case 2:
        return with_ticket([](Ticket& ticket) { ticket.hold(); }, false);
      case 3:
        return with_ticket([](Ticket& ticket) { ticket.go_on(); }, false);
      case 4:
        return unload_and_load();
      case 5:
      case 6:
        return finish();
      case 7:
        marks_.clear();
        return;
      case 8:
        engine_.load();
        return;
      case 9:
        return go_on_from_mark();
      default:
        return submit();
    }
  }

  void finish_all() {
    while (!open_.empty()) finish();
  }

 private:
  struct Open {
    Ticket ticket;
    const Case* expected;
    bool cancelled = false;
  };

  void submit() {
    const Case& chosen = cases_[random_() % cases_.size()];
    Job next = job(chosen.config, chosen.prompt);
    next.model = random_() % 4 == 0 ? "other" : "table";
    next.bookmarks = random_() % 4 == 0;
    next.keeps_text = random_() % 2 == 0;
    try {
      open_.push_back({engine_.submit(std::move(next)), &chosen});
    } catch (const Error&) {  // "other" is not there now
    }
  }

  template <class Act>
  void with_ticket(Act act, bool cancels) {
    if (open_.empty()) return submit();
    Open& open = open_[random_() % open_.size()];
    act(open.ticket);
    open.cancelled |= cancels;
  }

  void drop() {
    if (open_.empty()) return submit();
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(random_() % open_.size()));
  }

  void unload_and_load() {
    engine_.unload("other");
    engine_.load("other", make_);
  }

  // Every event is there, and all together they are what the outcome says.
  void finish() {
    if (open_.empty()) return;
    Open open = std::move(open_.front());  // the oldest: requests begin in order, and a held one keeps its cells
    open_.erase(open_.begin());
    open.ticket.go_on();
    std::vector<std::vector<Token>> told;
    while (auto event = open.ticket.next()) {
      const auto* token = std::get_if<TokenEvent>(&*event);
      if (!token) continue;
      told.resize(std::max(told.size(), static_cast<std::size_t>(token->sequence) + 1));
      told[static_cast<std::size_t>(token->sequence)].push_back(token->token);
    }
    ASSERT_TRUE(open.ticket.ended());
    const Outcome& outcome = open.ticket.outcome();
    if (outcome.error) return;  // its model was unloaded before it had arrived
    told.resize(outcome.sequences.size());
    EXPECT_EQ(ids(outcome), told);
    if (outcome.cancelled) {
      EXPECT_TRUE(open.cancelled);
    } else {
      EXPECT_EQ(told, open.expected->expected);
    }
    if (!outcome.bookmarks.empty() && random_() % 2 == 0) marks_.push_back(outcome.bookmarks[0]);
  }

  void go_on_from_mark() {
    if (marks_.empty()) return submit();
    Bookmark mark = marks_.back().first(std::min<std::size_t>(marks_.back().tokens().size(), 3));
    for (const Case& each : cases_) {
      if (each.prompt != mark.tokens()) continue;
      Job next = job(each.config, {});
      next.from = mark;
      next.model = mark.model();
      try {
        open_.push_back({engine_.submit(std::move(next)), &each});
      } catch (const Error&) {  // "other" is not there now
      }
      return;
    }
  }

  Engine& engine_;
  const std::vector<Case>& cases_;
  Engine::MakeModel make_;
  std::mt19937 random_;
  std::vector<Open> open_;
  std::vector<Bookmark> marks_;
};

// The models of `make` are "table", which stays, and "other", which comes and goes.
inline void visit(EngineOptions options, const Engine::MakeModel& make, const std::vector<Case>& cases, int n_threads,
                  int n_operations) {
  Engine engine(options);
  engine.load("table", make);
  engine.load("other", make);
  std::atomic<int> operations = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < n_threads; ++i) {
    threads.emplace_back([&, i] {
      Visitor visitor(engine, cases, make, static_cast<unsigned>(i));
      while (operations.fetch_add(1) < n_operations) visitor.operate();
      visitor.finish_all();
    });
  }
  for (std::thread& each : threads) each.join();
  engine.unload("other");
  engine.forget();
  const Engine::Load load = engine.load();
  EXPECT_EQ(load.live + load.waiting + load.bookmarks + load.nodes, 0);
  ASSERT_EQ(load.cells.size(), 1u);
  EXPECT_EQ(load.cells[0].second, 0);
  Ticket last = engine.submit(job(cases[0].config, cases[0].prompt));
  EXPECT_EQ(ids(last.outcome()), cases[0].expected);
}

}  // namespace decant::testing
