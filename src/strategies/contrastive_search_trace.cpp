// Tested by tests/strategies/contrastive_search_test.cpp.
#include "strategies/contrastive_search_trace.h"

#include "numerics/top_k.h"

namespace decant {
namespace {

constexpr int kNearest = 8;

}  // namespace

void ContrastiveSearchTrace::add(Token token, double p, double score, std::span<const float> cosines) {
  Contender& contender = contenders_.emplace_back(token, p, score);
  std::vector<Candidate> found;
  top_k(cosines, kNearest, found);
  for (const Candidate& each : found) contender.nearest.push_back({each.id, each.score});
}

void ContrastiveSearchTrace::write(JsonWriter& json, const Vocab& vocab) const {
  json.key("contrastive_search").begin_object();
  json.field("alpha", alpha_).key("candidates").begin_array();
  for (const Contender& each : contenders_) {
    json.begin_object();
    write_token(json, each.token, vocab);
    json.field("p", each.p).field("similarity", each.nearest.front().cosine).field("score", each.score);
    json.key("nearest").begin_array();
    for (const Near& near : each.nearest) json.begin_array().value(near.position).value(near.cosine).end_array();
    json.end_array().end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
