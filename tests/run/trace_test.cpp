#include "run/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

void describe_choice(Decision& decision, Token token, std::span<const float> logits, double logsumexp, Scores& scores,
                     const ChainTrace& chain, int n_top, TraceScratch& scratch) {
  describe(decision, logits, logsumexp, scores, chain, n_top, scratch);
  decide(decision, token, view_of(token, decision, logits, scores));
}

using namespace testing;

constexpr float kGone = -std::numeric_limits<float>::infinity();

// ---- the definition, in double and without a thought of speed -------------------------------------------------------

struct Law {
  std::vector<double> score, p;          // by token; removed: -infinity and 0
  std::vector<std::string_view> cut_by;  // by token
  std::vector<ChainTrace::Stage> stages;
};

double total_of(const std::vector<double>& scores) {
  return std::accumulate(scores.begin(), scores.end(), 0.0, [](double sum, double s) { return sum + std::exp(s); });
}

std::vector<double> softmax(const std::vector<double>& scores) {
  const double total = total_of(scores);
  std::vector<double> p;
  for (const double score : scores) p.push_back(std::exp(score) / total);
  return p;
}

double bits(const std::vector<double>& p) {
  double sum = 0;
  for (const double each : p) sum -= each > 0 ? each * std::log2(each) : 0;
  return sum;
}

template <class Number>
std::vector<Token> by_rank(const std::vector<Number>& scores) {
  std::vector<Token> tokens(scores.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  const auto score = [&](Token token) { return scores[static_cast<std::size_t>(token)]; };
  std::stable_sort(tokens.begin(), tokens.end(), [&](Token a, Token b) { return score(a) > score(b); });
  return tokens;
}

Law law_of(const std::vector<float>& logits, const GenerationConfig& config, const std::vector<Token>& tokens) {
  Law law;
  law.score.assign(logits.begin(), logits.end());
  law.cut_by.resize(logits.size());
  const auto stage = [&](std::string_view name, auto change) {
    const std::vector<double> before = softmax(law.score);
    change(before);
    ChainTrace::Stage& made = law.stages.emplace_back(ChainTrace::Stage{name, 0, 0});
    for (std::size_t i = 0; i < before.size(); ++i) {
      made.kept += law.score[i] > kGone;
      if (law.score[i] > kGone || before[i] == 0) continue;
      made.removed_mass += before[i];
      if (law.cut_by[i].empty()) law.cut_by[i] = name;
    }
  };
  const auto cut = [&](std::string_view name, auto keeps) {  // keeps(p, number and mass of what is ranked before)
    stage(name, [&](const std::vector<double>& p) {
      double mass = 0;
      int rank = 0;
      for (const Token token : by_rank(p)) {
        const auto i = static_cast<std::size_t>(token);
        if (!keeps(p[i], rank++, mass)) law.score[i] = kGone;
        mass += p[i];
      }
    });
  };
  if (const double r = config.repetition_penalty; r != 1) {
    stage("repetition_penalty", [&](const auto&) {
      for (std::size_t i = 0; i < logits.size(); ++i) {
        if (std::count(tokens.begin(), tokens.end(), static_cast<Token>(i)) == 0) continue;
        law.score[i] = law.score[i] > 0 ? law.score[i] / r : law.score[i] * r;
      }
    });
  }
  if (config.temperature != 1) {
    stage("temperature", [&](const auto&) {
      for (double& score : law.score) score /= config.temperature;
    });
  }
  const double best = *std::max_element(law.score.begin(), law.score.end());
  if (config.top_k > 0) cut("top_k", [&](double, int rank, double) { return rank < config.top_k; });
  if (config.top_p < 1) cut("top_p", [&](double, int, double mass) { return mass < config.top_p; });
  if (config.min_p > 0) {
    const double likeliest = std::exp(best) / total_of(law.score);
    cut("min_p", [&](double p, int, double) { return p >= config.min_p * likeliest; });
  }
  law.p = softmax(law.score);
  return law;
}

void expect_equal(const Decision& decision, const std::vector<float>& logits, const Law& law, int n_top) {
  const std::vector<double> raw(logits.begin(), logits.end());
  const std::vector<double> p_raw = softmax(raw);
  const auto chosen = static_cast<std::size_t>(decision.token);
  EXPECT_EQ(decision.logit, raw[chosen]);
  EXPECT_NEAR(decision.logsumexp, std::log(total_of(raw)), 1e-5);
  EXPECT_NEAR(decision.p_raw, p_raw[chosen], 1e-6);
  EXPECT_NEAR(decision.p, law.p[chosen], 1e-5);
  EXPECT_NEAR(decision.entropy_raw, bits(p_raw), 1e-4);
  EXPECT_NEAR(decision.entropy, bits(law.p), 1e-4);
  std::vector<Token> kept = by_rank(law.score);
  std::erase_if(kept, [&](Token token) { return law.score[static_cast<std::size_t>(token)] == kGone; });
  EXPECT_EQ(decision.kept, static_cast<int>(kept.size()));
  EXPECT_EQ(decision.token, kept.at(static_cast<std::size_t>(decision.rank - 1)));

  ASSERT_EQ(decision.stages.size(), law.stages.size());
  for (std::size_t i = 0; i < law.stages.size(); ++i) {
    EXPECT_EQ(decision.stages[i].name, law.stages[i].name);
    EXPECT_EQ(decision.stages[i].kept, law.stages[i].kept);
    EXPECT_NEAR(decision.stages[i].removed_mass, law.stages[i].removed_mass, 1e-5);
  }

  std::vector<Token> order = kept;
  for (const Token token : by_rank(logits)) {
    if (law.score[static_cast<std::size_t>(token)] == kGone) order.push_back(token);
  }
  order.resize(std::min(order.size(), static_cast<std::size_t>(n_top)));
  ASSERT_EQ(decision.top.size(), order.size());
  double tail = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const TraceCandidate& each = decision.top[i];
    const auto id = static_cast<std::size_t>(each.id);
    ASSERT_EQ(each.id, order[i]) << i;
    EXPECT_EQ(each.logit, logits[id]);
    EXPECT_NEAR(each.p, law.p[id], 1e-5);
    EXPECT_EQ(each.p == 0, law.p[id] == 0);
    EXPECT_EQ(each.cut_by, law.cut_by[id]);
    if (law.score[id] == kGone) {
      EXPECT_EQ(each.score, kGone);
    } else {
      EXPECT_NEAR(static_cast<double>(each.score), law.score[id], 1e-4);
    }
    tail -= p_raw[id];
  }
  EXPECT_NEAR(decision.tail_mass, tail, 1e-5);
  EXPECT_GE(decision.tail_mass, 0);
}

// Base scores, and a tail that gives what is missing from the sums over the listed candidates, at any temperature.
void expect_replayable(const Decision& decision, std::vector<float> logits, double penalty,
                       const std::vector<Token>& tokens) {
  const auto r = static_cast<float>(penalty);
  for (const Token token : std::set<Token>(tokens.begin(), tokens.end())) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = logit < 0 ? logit * r : logit / r;
  }
  for (const double t : {0.7, 1.0, 2.5}) {
    double total = 0, listed = 0, tail = 0;
    for (const float each : logits) total += std::exp(static_cast<double>(each) / t);
    for (const TraceCandidate& each : decision.top) {
      EXPECT_EQ(each.base, logits[static_cast<std::size_t>(each.id)]);
      listed += std::exp(static_cast<double>(each.base) / t);
    }
    for (const WeightedPoint& point : decision.tail) tail += point.count * std::exp(point.x / t);
    EXPECT_NEAR((listed + tail) / total, 1, 1e-7) << t;
  }
  EXPECT_NEAR(decision.base_logsumexp, log_sum_exp(logits).value, 1e-5);
}

TEST(Trace, DescribesRandomDistributionsAsDefined) {
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal(0, 3);
  const auto one_of = [&](auto... values) {
    const std::common_type_t<decltype(values)...> list[] = {values...};
    return list[random() % sizeof...(values)];
  };
  Decision decision;
  TraceScratch trace_scratch;  // reused, as a Run does
  ChainTrace trace;
  Scores scores;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<float> logits(2 + random() % 300);
    for (float& logit : logits) logit = normal(random);
    std::vector<Token> tokens(random() % 20);
    for (Token& token : tokens) token = static_cast<Token>(random() % logits.size());
    GenerationConfig config;
    config.repetition_penalty = one_of(1.0, 1.0, 1.3, 0.8);
    config.temperature = one_of(1.0, 0.7, 1.9);
    config.top_k = one_of(0, 1, 5, 50);
    config.top_p = one_of(1.0, 0.9, 0.3);
    config.min_p = one_of(0.0, 0.0, 0.07);
    const int n_top = one_of(1, 3, 50, 200);

    scores.reset(logits);
    Chain(config, true).traced(scores, {.tokens = tokens}, trace);
    const Token token = scores.race(1, GumbelNoise(5, 0, static_cast<std::uint32_t>(trial))).front().id;
    describe_choice(decision, token, logits, log_sum_exp(logits).value, scores, trace, n_top, trace_scratch);
    expect_equal(decision, logits, law_of(logits, config, tokens), n_top);
    expect_replayable(decision, logits, config.repetition_penalty, tokens);
    if (HasFailure()) FAIL() << "trial " << trial;
  }
}

// Probabilities 1/2 1/4 1/8 1/8 and top_k 2: by hand.
TEST(Trace, SmallNumbers) {
  const std::vector<float> logits = {std::log(2.f), std::log(4.f), 0, 0};
  GenerationConfig config;
  config.top_k = 2;
  Scores scores;
  scores.reset(logits);
  ChainTrace trace;
  Chain(config, true).traced(scores, {}, trace);
  Decision decision;
  TraceScratch trace_scratch;
  describe_choice(decision, 0, logits, std::log(8.0), scores, trace, 3, trace_scratch);
  EXPECT_NEAR(decision.p_raw, 0.25, 1e-7);
  EXPECT_NEAR(decision.p, 1.0 / 3, 1e-7);
  EXPECT_EQ(decision.rank, 2);
  EXPECT_EQ(decision.kept, 2);
  EXPECT_NEAR(decision.entropy_raw, 1.75, 1e-6);
  EXPECT_NEAR(decision.entropy, std::log2(3) - 2.0 / 3, 1e-6);
  EXPECT_NEAR(decision.stages.at(0).removed_mass, 0.25, 1e-6);
  ASSERT_EQ(decision.top.size(), 3u);
  EXPECT_EQ(decision.top[0].id, 1);
  EXPECT_EQ(decision.top[1].id, 0);
  EXPECT_EQ(decision.top[2].id, 2);  // of the equal ones the first
  EXPECT_EQ(decision.top[2].cut_by, "top_k");
  EXPECT_NEAR(decision.tail_mass, 0.125, 1e-7);
}

TEST(Trace, EqualScoresRankByIdAndTiesWithTheLastAreKept) {
  const std::vector<float> logits = {1, 2, 2, 1, 1};
  GenerationConfig config;
  config.top_k = 3;
  Scores scores;
  scores.reset(logits);
  ChainTrace trace;
  Chain(config, true).traced(scores, {}, trace);
  Decision decision;
  TraceScratch trace_scratch;
  std::vector<int> ranks;
  for (Token token = 0; token < 5; ++token) {
    describe_choice(decision, token, logits, 0, scores, trace, 5, trace_scratch);
    ranks.push_back(decision.rank);
  }
  EXPECT_EQ(ranks, (std::vector<int>{3, 1, 2, 4, 5}));
  EXPECT_EQ(decision.kept, 5);
  EXPECT_EQ(decision.stages.at(0).removed_mass, 0);
}

TEST(Trace, ATokenThatTheModelExcludesIsNotListed) {
  const std::vector<float> logits = {0, kGone, 1};
  Scores scores;
  scores.reset(logits);
  ChainTrace trace;
  Chain({}, false).traced(scores, {}, trace);
  Decision decision;
  TraceScratch trace_scratch;
  describe_choice(decision, 2, logits, log_sum_exp(logits).value, scores, trace, 3, trace_scratch);
  EXPECT_EQ(decision.kept, 2);
  ASSERT_EQ(decision.top.size(), 2u);
  EXPECT_NEAR(decision.tail_mass, 0, 1e-7);
}

// ---- in a Run -------------------------------------------------------------------------------------------------------

struct Recorder : RunObserver {
  std::vector<Decision> decisions;
  std::vector<std::string> events;
  bool wants_decisions() const override { return true; }
  void decision(const Decision& each) override {
    decisions.push_back(each);
    events.push_back("decision");
  }
  void token(int, Token, std::string_view) override { events.push_back("token"); }
  void finished(int, Stop) override { events.push_back("finished"); }
};

TEST(Trace, OneDecisionForEachTokenOfARun) {
  const Table table = random_table(8, 3);
  GenerationConfig config = sampling_config(21, 9);
  config.num_return_sequences = 3;
  config.repetition_penalty = 1.2;
  config.temperature = 0.8;
  config.top_k = 5;
  config.min_p = 0.1;
  config.trace_top = 6;
  config.eos_token_id = std::vector<int>{7};
  TableModel model({}, table);
  Scheduler scheduler({&model});
  Recorder recorder;
  const auto run = start(scheduler, request(config, {1, 2}, sample, &recorder));
  scheduler.run();
  run->rethrow();

  std::vector<std::vector<Token>> texts(3, {1, 2});
  for (const Decision& decision : recorder.decisions) {
    std::vector<Token>& text = texts[static_cast<std::size_t>(decision.sequence)];
    EXPECT_EQ(decision.position, static_cast<int>(text.size()));
    const std::vector<float> logits = table(text);
    const Law law = law_of(logits, config, text);
    expect_equal(decision, logits, law, 6);
    const auto sequence = static_cast<std::uint32_t>(decision.sequence);
    const GumbelNoise noise(21, sequence, static_cast<std::uint32_t>(text.size()));
    ASSERT_EQ(std::ssize(decision.race), std::min(5, decision.kept));
    EXPECT_EQ(decision.race[0].id, decision.token);
    EXPECT_NEAR(decision.race[0].score, std::log(decision.p), 1e-6);
    for (std::size_t i = 0; i < decision.race.size(); ++i) {
      const Entrant& each = decision.race[i];
      EXPECT_EQ(each.noise, noise(each.id));
      EXPECT_LE(each.sum(), decision.race[i > 0 ? i - 1 : 0].sum());
      const auto listed = std::find_if(decision.top.begin(), decision.top.end(),
                                       [&](const TraceCandidate& candidate) { return candidate.id == each.id; });
      ASSERT_NE(listed, decision.top.end());
      EXPECT_NEAR(each.score, std::log(listed->p), 1e-6);
    }
    for (const TraceCandidate& each : decision.top) {  // nobody else would have been faster
      if (each.p == 0) continue;
      EXPECT_LE(std::log(each.p) + noise(each.id), decision.race[0].sum() + 1e-6);
    }
    text.push_back(decision.token);
    const bool last = decision.token == 7 || text.size() == 2 + 9;
    EXPECT_EQ(decision.finish, !last ? "" : decision.token == 7 ? "stop" : "length");
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const Sequence& sequence = run->sequences()[i];
    EXPECT_EQ(sequence.ids, std::vector<Token>(texts[i].begin() + 2, texts[i].end()));
    double score = 0;
    for (const Decision& each : recorder.decisions) {
      if (each.sequence == static_cast<int>(i)) score += std::log(each.p_raw);
    }
    EXPECT_NEAR(sequence.score, score, 1e-6);
  }
}

TEST(Trace, TheDecisionComesBeforeItsTokenAndTheEndLast) {
  TableModel model;
  Scheduler scheduler({&model});
  Recorder recorder;
  const auto run = start(scheduler, request(sampling_config(1, 2), {1}, sample, &recorder));
  scheduler.run();
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"decision", "token", "decision", "token", "finished"}));
}

TEST(Trace, WatchingChangesNoToken) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    GenerationConfig config = sampling_config(seed, 20);
    config.top_p = 0.9;
    config.repetition_penalty = 1.1;
    Recorder recorder;
    EXPECT_EQ(run_alone(request(config, {1, 2}, sample, &recorder)), run_alone(request(config, {1, 2}, sample)));
  }
}

// ---- as JSON --------------------------------------------------------------------------------------------------------

TEST(Trace, Json) {
  const TableVocab vocab({"a", "\xc3", "<end>", "\n"}, {2});
  Decision decision;
  TraceScratch trace_scratch;
  decision.sequence = 1;
  decision.position = 4;
  decision.token = 1;
  decision.logit = 0.5;
  decision.p_raw = 0.25;
  decision.p = 0.75;
  decision.rank = 1;
  decision.race = {{1, -0.25, 1.5}, {3, -2, 0.5}};
  decision.logsumexp = 2;
  decision.tail_mass = 0.0625;
  decision.entropy = 1;
  decision.entropy_raw = 1.5;
  decision.kept = 2;
  decision.finish = "length";
  decision.stages = {{"top_k", 2, 0.5}};
  decision.top = {{1, 0.5f, 0.5f, 1, 0.75, {}}, {2, -1, -3, kGone, 0, "top_k"}};
  decision.base_logsumexp = 1.75;
  decision.tail = {{-4, 2.5}, {-8, 1}};
  decision.seconds = 0.25;
  JsonWriter json;
  json.begin_object();
  write_fields(json, decision, vocab);
  json.end_object();
  EXPECT_EQ(
      json.text(),
      R"({"schema":3,"seq":1,"t":4,"token":{"id":1,"bytes":"c3","text":")"
      "\xef\xbf\xbd"
      R"(","piece":")"
      "\xef\xbf\xbd"
      R"("},"logit":0.5,"p_raw":0.25,"p":0.75,)"
      R"("rank":1,"race":[{"id":1,"bytes":"c3","text":")"
      "\xef\xbf\xbd"
      R"(","piece":")"
      "\xef\xbf\xbd"
      R"(","score":-0.25,"noise":1.5},{"id":3,"bytes":"0a","text":"\u000a","piece":"\u000a","score":-2,"noise":0.5}],)"
      R"("logsumexp":2,"tail_mass":0.0625,"base_logsumexp":1.75,)"
      R"("entropy":1,"entropy_raw":1.5,"kept":2,"finish":"length",)"
      R"("stages":[{"name":"top_k","kept":2,"removed_mass":0.5}],)"
      R"("top":[{"id":1,"bytes":"c3","text":")"
      "\xef\xbf\xbd"
      R"(","piece":")"
      "\xef\xbf\xbd"
      R"(","logit":0.5,"score":1,"p":0.75,"cut_by":null},)"
      R"({"id":2,"bytes":"","text":"","piece":"<end>","logit":-1,"base":-3,"score":null,"p":0,"cut_by":"top_k"}],)"
      R"("tail":{"logit":[-4,-8],"count":[2.5,1]},"seconds":0.25})");

  decision.race.clear();
  decision.finish = {};
  decision.stages.clear();
  decision.top.clear();
  decision.tail.clear();
  json.clear();
  json.begin_object();
  write_fields(json, decision, vocab);
  json.end_object();
  EXPECT_NE(json.text().find(R"("race":null,)"), std::string::npos);
  EXPECT_TRUE(
      json.text().ends_with(R"("finish":null,"stages":[],"top":[],"tail":{"logit":[],"count":[]},"seconds":0.25})"));
}

}  // namespace
}  // namespace decant
