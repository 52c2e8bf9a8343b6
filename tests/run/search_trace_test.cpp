#include "run/search_trace.h"

#include <gtest/gtest.h>

#include "support/table_model.h"

namespace decant {
namespace {

const testing::TableVocab vocab({"a", "\"b"});

TEST(SearchTrace, AStepAsJson) {
  SearchStep step{.position = 7, .seconds = 0.5, .candidates = {}};
  step.candidates.push_back({.parent = 2,
                             .token = 1,
                             .group = 1,
                             .rank = 0,
                             .log_p = -0.5,
                             .score = -2,
                             .fate = Fate::kept,
                             .reason = PruneReason::none,
                             .node = 5,
                             .lane = 3});
  step.candidates.push_back({.parent = 2,
                             .token = 0,
                             .rank = 1,
                             .log_p = -1,
                             .score = -3,
                             .fate = Fate::finished,
                             .reason = PruneReason::pool,
                             .node = 6,
                             .finish = FinishReason::stop,
                             .length = 2,
                             .normalized = -1.5});
  step.candidates.push_back({.parent = 1,
                             .token = 0,
                             .rank = 2,
                             .log_p = -1,
                             .score = -4,
                             .reason = PruneReason::group_penalty,
                             .penalty = 1,
                             .bank = 2});
  JsonWriter json;
  json.begin_object();
  write_fields(json, step, vocab);
  json.end_object();
  EXPECT_EQ(json.text(),
            R"({"schema":3,"search":{"t":7,"seconds":0.5,"candidates":[)"
            R"({"node":5,"parent":2,"group":1,"rank":0,"token":{"id":1,"bytes":"2262","text":"\"b","piece":"\"b"},)"
            R"("log_p":-0.5,"score":-2,"fate":"kept","reason":null,"lane":3},)"
            R"({"node":6,"parent":2,"group":0,"rank":1,"token":{"id":0,"bytes":"61","text":"a","piece":"a"},)"
            R"("log_p":-1,"score":-3,"fate":"finished","reason":"pool","finish":"stop","length":2,"normalized":-1.5},)"
            R"({"node":null,"parent":1,"group":0,"rank":2,"token":{"id":0,"bytes":"61","text":"a","piece":"a"},)"
            R"("log_p":-1,"score":-4,"fate":"pruned","reason":"group penalty","penalty":1,"bank":2}]}})");
}

TEST(SearchTrace, TheEndAsJson) {
  const std::vector<SearchEnd> ends = {
      {.sequence = 0,
       .node = 9,
       .group = 2,
       .score = -4,
       .length = 8,
       .normalized = -0.5,
       .finish = FinishReason::length,
       .unmet = {" rain"}},
      {.node = 3, .score = -6, .length = 3, .normalized = -2, .finish = FinishReason::stop}};
  JsonWriter json;
  json.begin_object();
  write_fields(json, ends);
  json.end_object();
  EXPECT_EQ(
      json.text(),
      R"({"schema":3,"finished":[{"seq":0,"node":9,"group":2,"score":-4,"length":8,"normalized":-0.5,"finish":"length",)"
      R"("unmet":[" rain"]},{"seq":null,"node":3,"group":0,"score":-6,"length":3,"normalized":-2,"finish":"stop",)"
      R"("unmet":[]}]})");
}

}  // namespace
}  // namespace decant
