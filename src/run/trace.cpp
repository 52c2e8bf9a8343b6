// Tested by tests/run/trace_test.cpp.
#include "run/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "numerics/log_sum_exp.h"
#include "numerics/top_k.h"

namespace decant {
namespace {

constexpr int kTailPoints = 16;

constexpr double kBit = std::numbers::ln2;  // nats in a bit

int rank_of(Token token, Scores& scores) {
  std::vector<float> all(static_cast<std::size_t>(scores.n_vocab()));
  scores.copy_to(all);
  const float own = all[static_cast<std::size_t>(token)];
  int before = 0;
  for (std::size_t id = 0; id < all.size(); ++id) {
    before += all[id] > own || (all[id] == own && static_cast<Token>(id) < token);
  }
  return before + 1;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
  return text;
}

void describe_tail(Decision& decision, std::span<const float> base, TraceScratch& scratch) {
  scratch.others.assign(base.begin(), base.end());
  for (const TraceCandidate& each : decision.top) {
    scratch.others[static_cast<std::size_t>(each.id)] = -std::numeric_limits<float>::infinity();
  }
  const auto points = scratch.rule.of(scratch.others, kTailPoints);
  decision.tail.assign(points.begin(), points.end());
}

}  // namespace

TokenView view_of(Token token, const Decision& described, std::span<const float> logits, Scores& scores) {
  for (std::size_t i = 0; i < described.top.size();
       ++i) {  // the usual case, and without a look at the whole vocabulary
    const TraceCandidate& each = described.top[i];
    if (each.id == token && each.p > 0) return {each.logit, each.p, static_cast<int>(i) + 1};
  }
  return {logits[static_cast<std::size_t>(token)], scores.probability(token), rank_of(token, scores)};
}

void describe(Decision& decision, std::span<const float> logits, double logsumexp, Scores& scores,
              const ChainTrace& chain, int n_top, TraceScratch& scratch) {
  const auto logit = [&](Token id) { return logits[static_cast<std::size_t>(id)]; };
  const auto base = [&](Token id) { return chain.base()[static_cast<std::size_t>(id)]; };
  decision.logsumexp = logsumexp;
  decision.entropy = scores.entropy() / kBit;
  decision.entropy_raw = entropy(logits) / kBit;
  decision.kept = scores.kept();
  decision.stages = chain.stages();

  decision.top.clear();
  for (const Candidate& each : scores.top(n_top)) {
    decision.top.push_back({each.id, logit(each.id), base(each.id), each.score, scores.probability(each.id), {}});
  }
  const std::size_t kept = decision.top.size(), wanted = static_cast<std::size_t>(n_top);
  std::vector<Candidate> likeliest;  // under the model; some of them are listed already
  if (kept < wanted) top_k(logits, n_top + static_cast<int>(kept), likeliest);
  for (const Candidate& each : likeliest) {
    const auto end = decision.top.begin() + static_cast<std::ptrdiff_t>(kept);
    if (decision.top.size() == wanted) break;
    if (std::any_of(decision.top.begin(), end, [&](const auto& listed) { return listed.id == each.id; })) continue;
    decision.top.push_back({each.id, each.score, base(each.id), scores.score(each.id), 0, chain.removed_by(each.id)});
  }
  double listed = 0;
  for (const TraceCandidate& each : decision.top) listed += std::exp(static_cast<double>(each.logit) - logsumexp);
  decision.tail_mass = std::max(0.0, 1 - listed);
  decision.base_logsumexp = log_sum_exp(chain.base()).value;
  describe_tail(decision, chain.base(), scratch);
  decision.stage_scores.resize(chain.keeps_scores() ? chain.stages().size() : 0);
  for (std::size_t stage = 0; stage < decision.stage_scores.size(); ++stage) {
    decision.stage_scores[stage].clear();
    for (const TraceCandidate& each : decision.top) decision.stage_scores[stage].push_back(chain.score(stage, each.id));
  }
}

void decide(Decision& decision, Token token, const TokenView& view) {
  decision.token = token;
  decision.logit = view.logit;
  decision.p_raw = std::exp(view.logit - decision.logsumexp);
  decision.p = view.p;
  decision.rank = view.rank;
}

std::vector<Entrant> entrants(std::span<const Racer> racers, Scores& scores) {
  const double total = scores.log_total();
  std::vector<Entrant> entrants;
  for (const Racer& each : racers) entrants.push_back({each.id, each.score - total, each.noise});
  return entrants;
}

void write_race(JsonWriter& json, const Decision& decision, const Vocab& vocab) {
  if (decision.race.empty()) {
    json.value(nullptr);
    return;
  }
  json.begin_array();
  for (const Entrant& each : decision.race) {
    json.begin_object();
    write_token(json, each.id, vocab);
    json.field("score", each.score).field("noise", each.noise).end_object();
  }
  json.end_array();
}

void write_token(JsonWriter& json, Token id, const Vocab& vocab) {
  json.field("id", id).field("bytes", std::string_view(hex(vocab.bytes(id)))).field("text", vocab.bytes(id));
  json.field("piece", vocab.piece(id));
}

void write_fields(JsonWriter& json, const Decision& decision, const Vocab& vocab) {
  json.field("schema", kTraceSchema).field("seq", decision.sequence).field("t", decision.position);
  json.key("token").begin_object();
  write_token(json, decision.token, vocab);
  json.end_object();
  json.field("logit", decision.logit).field("p_raw", decision.p_raw).field("p", decision.p);
  json.field("rank", decision.rank).key("race");
  write_race(json, decision, vocab);
  json.field("logsumexp", decision.logsumexp).field("tail_mass", decision.tail_mass);
  if (decision.base_logsumexp != decision.logsumexp) json.field("base_logsumexp", decision.base_logsumexp);
  json.field("entropy", decision.entropy).field("entropy_raw", decision.entropy_raw).field("kept", decision.kept);
  json.key("finish");
  decision.finish.empty() ? json.value(nullptr) : json.value(decision.finish);
  json.key("stages").begin_array();
  for (const ChainTrace::Stage& stage : decision.stages) {
    json.begin_object();
    json.field("name", stage.name).field("kept", stage.kept).field("removed_mass", stage.removed_mass);
    json.end_object();
  }
  json.end_array().key("top").begin_array();
  for (const TraceCandidate& each : decision.top) {
    json.begin_object();
    write_token(json, each.id, vocab);
    json.field("logit", each.logit);
    if (each.base != each.logit) json.field("base", each.base);
    json.field("score", each.score).field("p", each.p).key("cut_by");
    each.cut_by.empty() ? json.value(nullptr) : json.value(each.cut_by);
    json.end_object();
  }
  json.end_array();
  json.key("tail").begin_object();
  const auto list = [&](std::string_view name, double WeightedPoint::*value) {
    json.key(name).begin_array();
    for (const WeightedPoint& point : decision.tail) json.value(point.*value);
    json.end_array();
  };
  list("logit", &WeightedPoint::x);
  list("count", &WeightedPoint::count);
  json.end_object();
  if (decision.strategy) decision.strategy->write(json, vocab);
  json.field("seconds", decision.seconds);
}

}  // namespace decant
