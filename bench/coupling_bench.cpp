// coupling_bench MODEL.gguf OTHER.gguf|LAYER TEXT...: how often two distributions choose the same token.
//
// After every token of the first 96 of each text (tab-separated, means over positions):
//   rejection  1 - total variation: the most that any rule can reach
//   race       the same noise for both: sum over v of 1 / sum over w of max(p_w / p_v, q_w / q_v)
//   sorted     the same u for both, tokens laid on [0, 1) by falling probability
//   races      of 50 races by Scores::race(), how many had one winner: must be what the formula says
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

#include "base/error.h"
#include "llama/llama_model.h"
#include "processors/scores.h"

namespace {

using namespace decant;
using Doubles = std::vector<double>;
using Rows = std::vector<std::vector<float>>;

constexpr std::size_t kTokens = 96;
constexpr std::uint32_t kRaces = 50;

Rows rows_of(LlamaModel& model, const std::vector<Token>& text, int layer) {
  const Outputs outputs{.logits = layer < 0, .layers = layer < 0 ? std::vector<int>{} : std::vector<int>{layer}};
  const std::vector<SeqId> sequence = {0};
  std::vector<Row> rows;
  for (const Token token : text) {
    rows.push_back({.token = token, .position = static_cast<int>(rows.size()), .sequences = sequence});
    rows.back().outputs = &outputs;
  }
  model.clear();
  model.forward(rows);
  Rows logits;
  for (int i = 0; i < std::ssize(text); ++i) {
    const auto row = layer < 0 ? model.logits(i) : model.layer_logits(i, layer);
    logits.emplace_back(row.begin(), row.end());
  }
  return logits;
}

Doubles law_of(Scores& scores) {
  Doubles p(static_cast<std::size_t>(scores.n_vocab()));
  const double total = scores.log_total();
  scores.for_each([&](Token id, float score) { p[static_cast<std::size_t>(id)] = std::exp(score - total); });
  return p;
}

std::vector<std::size_t> order_by(std::size_t n, const auto& before) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

double by_rejection(const Doubles& p, const Doubles& q) {
  double common = 0;
  for (std::size_t v = 0; v < p.size(); ++v) common += std::min(p[v], q[v]);
  return common;
}

// In the order of p/q the larger ratio of each pair is that of p behind v, and that of q up to v. Tokens that neither
// has have no place in that order.
double by_race(const Doubles& p, const Doubles& q) {
  std::vector<std::size_t> order;
  for (std::size_t v = 0; v < p.size(); ++v) {
    if (p[v] + q[v] > 0) order.push_back(v);
  }
  std::ranges::stable_sort(order, [&](std::size_t v, std::size_t w) { return p[v] * q[w] < p[w] * q[v]; });
  double q_before = 0, p_before = 0, same = 0;
  for (const std::size_t v : order) {
    if (p[v] > 0 && q[v] > 0) same += 1 / ((1 - p_before) / p[v] + q_before / q[v]);
    q_before += q[v];
    p_before += p[v];
  }
  return same;
}

double by_sorted_draw(const Doubles& p, const Doubles& q) {
  const auto begins = [](const Doubles& law) {
    Doubles begin(law.size());
    double sum = 0;
    for (const std::size_t v : order_by(law.size(), [&](std::size_t a, std::size_t b) { return law[a] > law[b]; })) {
      begin[v] = sum;
      sum += law[v];
    }
    return begin;
  };
  const Doubles p_begin = begins(p), q_begin = begins(q);
  double same = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    const double end = std::min(p_begin[v] + p[v], q_begin[v] + q[v]);
    same += std::max(0.0, end - std::max(p_begin[v], q_begin[v]));
  }
  return same;
}

struct Means {
  double rejection = 0, race = 0, sorted = 0, races = 0;
  int n = 0;

  void add(Scores& a, Scores& b, std::uint32_t position) {
    const Doubles p = law_of(a), q = law_of(b);
    rejection += by_rejection(p, q);
    race += by_race(p, q);
    sorted += by_sorted_draw(p, q);
    for (std::uint32_t i = 0; i < kRaces; ++i) {
      const GumbelNoise noise(1, i, position);
      races += a.race(1, noise).front().id == b.race(1, noise).front().id ? 1.0 / kRaces : 0;
    }
    ++n;
  }
};

struct Cut {
  float temperature;
  int top_k;  // 0: none

  void operator()(Scores& scores) const {
    scores.divide(temperature);
    if (top_k > 0) scores.keep_top(top_k);
  }
};

Means means_of(const std::vector<Rows>& a, const std::vector<Rows>& b, const Cut& cut) {
  Means means;
  Scores scores, other;
  for (std::size_t text = 0; text < a.size(); ++text) {
    for (std::size_t i = 0; i < a[text].size(); ++i) {
      scores.reset(a[text][i]);
      other.reset(b[text][i]);
      cut(scores);
      cut(other);
      means.add(scores, other, static_cast<std::uint32_t>(1000 * text + i));
    }
  }
  return means;
}

std::vector<Token> tokens_of(const char* path, const Vocab& vocab) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<Token> tokens = vocab.tokenize(text, true, false);
  if (tokens.size() < kTokens) throw Error(ErrorKind::data, "{} has only {} tokens", path, tokens.size());
  tokens.resize(kTokens);
  return tokens;
}

void measure(int argc, char** argv) {
  const std::string_view other = argv[2];
  int layer = -1;
  std::from_chars(other.data(), other.data() + other.size(), layer);
  const ModelOptions options;
  LlamaModel model(std::make_shared<const LlamaFile>(argv[1], options), options, 512);
  std::optional<LlamaModel> second;
  if (layer < 0) second.emplace(std::make_shared<const LlamaFile>(argv[2], options), options, 512);
  std::vector<Rows> a, b;
  for (int i = 3; i < argc; ++i) {
    const std::vector<Token> tokens = tokens_of(argv[i], model.vocab());
    a.push_back(rows_of(model, tokens, -1));
    b.push_back(rows_of(second ? *second : model, tokens, layer));
  }
  fmt::print("temperature\ttop_k\tpositions\trejection\trace\tsorted\traces\n");
  for (const Cut& cut : {Cut{1, 0}, Cut{0.7F, 0}, Cut{0.7F, 50}}) {
    const Means means = means_of(a, b, cut);
    fmt::print("{}\t{}\t{}\t{:.4f}\t{:.4f}\t{:.4f}\t{:.4f}\n", cut.temperature, cut.top_k, means.n,
               means.rejection / means.n, means.race / means.n, means.sorted / means.n, means.races / means.n);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: coupling_bench MODEL.gguf OTHER.gguf|LAYER TEXT...\n");
    return 64;
  }
  try {
    measure(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "coupling_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
