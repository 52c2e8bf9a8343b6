// The contract of --exact, checked bit for bit: what a model says of a text alone, one token at a time on one thread,
// is what it says of it in any company, after any history of the cache, in pieces of any size and on any number of
// threads.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "llama/llama_model.h"

namespace decant::test {

using Tokens = std::vector<Token>;
using Logits = std::vector<float>;

inline const Outputs kOnlyLogits{.logits = true, .hidden = false, .layers = {}};

inline Tokens random_tokens(std::size_t count, int n_vocab, std::mt19937& random) {
  Tokens tokens(count);
  for (Token& token : tokens) token = static_cast<Token>(random() % static_cast<unsigned>(n_vocab));
  return tokens;
}

inline Logits copy(std::span<const float> values) { return {values.begin(), values.end()}; }

// Sequences of one context, each with its text.
class Crowd {
 public:
  Crowd(std::shared_ptr<const LlamaFile> file, ModelOptions options, int threads, int cells, int sequences)
      : model_(std::move(file), (options.threads = threads, options), cells, sequences),
        texts_(static_cast<std::size_t>(sequences)),
        ids_(texts_.size()) {
    for (std::size_t i = 0; i < ids_.size(); ++i) ids_[i] = static_cast<SeqId>(i);
  }

  const Tokens& text(std::size_t sequence) const { return texts_[sequence]; }
  std::size_t size() const { return texts_.size(); }
  int n_vocab() const { return model_.info().n_vocab; }

  // One row more for the batch under way. Its logits, if asked for, are at the returned place.
  int add(std::size_t sequence, Token token, bool logits = true) {
    rows_.push_back({.token = token,
                     .position = static_cast<int>(texts_[sequence].size()),
                     .sequences = {&ids_[sequence], 1},
                     .outputs = logits ? &kOnlyLogits : nullptr});
    texts_[sequence].push_back(token);
    return static_cast<int>(rows_.size()) - 1;
  }
  std::size_t rows() const { return rows_.size(); }
  void forward() {
    model_.forward(rows_);
    rows_.clear();
  }
  std::span<const float> logits(int row) const { return model_.logits(row); }

  void trim(std::size_t sequence, std::size_t length) {
    model_.trim_sequence(ids_[sequence], static_cast<int>(length));
    texts_[sequence].resize(length);
  }
  void copy(std::size_t from, std::size_t to, std::size_t length) {
    trim(to, 0);
    model_.copy_sequence(ids_[from], ids_[to], static_cast<int>(length));
    texts_[to].assign(texts_[from].begin(), texts_[from].begin() + static_cast<std::ptrdiff_t>(length));
  }
  // Evaluates a text in pieces; the logits behind it.
  Logits read(std::size_t sequence, std::span<const Token> text, std::size_t piece) {
    int row = -1;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (rows_.size() == piece) forward();
      row = add(sequence, text[i], i + 1 == text.size());
    }
    forward();
    return test::copy(logits(row));
  }

 private:
  LlamaModel model_;
  std::vector<Tokens> texts_;
  std::vector<SeqId> ids_;
  std::vector<Row> rows_;
};

// What the model says of a text alone, one token at a time.
class Alone {
 public:
  Alone(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int cells)
      : crowd_(std::move(file), options, 1, cells, 1) {}

  Logits logits(const Tokens& text) {
    const auto common = static_cast<std::size_t>(std::ranges::mismatch(text, crowd_.text(0)).in1 - text.begin());
    crowd_.trim(0, std::min(common, text.size() - 1));
    return crowd_.read(0, std::span(text).subspan(crowd_.text(0).size()), 1);
  }

 private:
  Crowd crowd_;
};

struct Checked {
  int equal = 0;
  std::string different = {};  // the first that was: what it was

  void note(bool same, const std::string& what) {
    if (same) {
      ++equal;
    } else if (different.empty()) {
      different = what;
    }
  }
};

// Branches grow, are cut, dropped and copied at random, so that their cells lie in any order and between others.
inline Checked check_company(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int threads, int steps,
                             unsigned seed) {
  constexpr std::size_t longest = 70;
  Crowd crowd(file, options, threads, 1024, 12);
  Alone alone(file, options, 256);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Checked checked;
  for (int step = 0; step < steps; ++step) {
    for (std::size_t s = 0; s < crowd.size(); ++s) {
      const std::size_t length = crowd.text(s).size(), kind = pick(10);
      if (kind == 0 || length + 10 > longest) crowd.trim(s, pick(length + 1));
      if (kind == 1) crowd.trim(s, 0);
      if (const std::size_t other = pick(crowd.size()); kind == 2 && other != s && !crowd.text(other).empty()) {
        crowd.copy(other, s, 1 + pick(crowd.text(other).size()));
      }
    }
    std::vector<std::pair<std::size_t, int>> ends;
    for (std::size_t s = 0; s < crowd.size(); ++s) {
      if (pick(3) == 0) continue;
      const std::size_t count = pick(4) == 0 ? 1 + pick(9) : 1;
      int row = -1;
      for (const Token token : random_tokens(count, crowd.n_vocab(), random)) row = crowd.add(s, token);
      ends.emplace_back(s, row);
    }
    if (ends.empty()) continue;
    const std::size_t rows = crowd.rows();
    crowd.forward();
    for (const std::size_t i : {pick(ends.size()), pick(ends.size())}) {
      const auto& [s, row] = ends[i];
      checked.note(alone.logits(crowd.text(s)) == copy(crowd.logits(row)),
                   "step " + std::to_string(step) + ": " + std::to_string(crowd.text(s).size()) +
                       " tokens in a batch of " + std::to_string(rows));
    }
  }
  return checked;
}

// K branches of one prefix in one batch, and each of them alone; the prefix read in pieces of another size.
inline Checked check_branches(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int threads,
                              std::size_t prefix_length, std::span<const int> counts, std::size_t piece) {
  const int most = std::ranges::max(counts), cells = static_cast<int>(prefix_length) + most + 1;
  Crowd crowd(file, options, threads, cells, most), alone(file, options, 1, cells, 1);
  std::mt19937 random(static_cast<unsigned>(prefix_length));
  const Tokens prefix = random_tokens(prefix_length, crowd.n_vocab(), random),
               branches = random_tokens(static_cast<std::size_t>(most), crowd.n_vocab(), random);
  Checked checked;
  checked.note(crowd.read(0, prefix, piece) == alone.read(0, prefix, 32),
               "a prefix of " + std::to_string(prefix_length) + " in pieces of " + std::to_string(piece));
  std::vector<Logits> expected;
  for (const Token token : branches) {
    expected.push_back(alone.read(0, {&token, 1}, 1));
    alone.trim(0, prefix_length);
  }
  for (const int count : counts) {
    for (int s = 1; s < count; ++s) crowd.copy(0, static_cast<std::size_t>(s), prefix_length);
    for (int s = 0; s < count; ++s) crowd.add(static_cast<std::size_t>(s), branches[static_cast<std::size_t>(s)]);
    crowd.forward();
    bool same = true;
    for (int s = 0; s < count; ++s) same &= copy(crowd.logits(s)) == expected[static_cast<std::size_t>(s)];
    checked.note(same, std::to_string(count) + " branches of " + std::to_string(prefix_length) + " tokens");
    for (int s = 0; s < count; ++s) crowd.trim(static_cast<std::size_t>(s), s == 0 ? prefix_length : 0);
  }
  return checked;
}

inline Token most_likely(std::span<const float> logits) {
  return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
}

// Greedy, one token at a time.
inline Tokens greedy(Crowd& crowd, const Tokens& prompt, std::size_t count) {
  crowd.trim(0, 0);
  Logits logits = crowd.read(0, prompt, 64);
  Tokens text;
  while (true) {
    text.push_back(most_likely(logits));
    if (text.size() == count) return text;
    logits = crowd.read(0, {&text.back(), 1}, 1);
  }
}

// The same text by verifying drafts of 1 to 15 tokens, right ones and wrong ones, and taking back what is wrong.
inline Tokens greedy_by_drafts(Crowd& crowd, const Tokens& prompt, const Tokens& script, std::mt19937& random) {
  crowd.trim(0, 0);
  Tokens text = {most_likely(crowd.read(0, prompt, 64))};
  while (text.size() < script.size()) {
    Tokens batch = {text.back()};
    const std::size_t wanted = 1 + random() % 15, wrong = random() % 20;
    for (std::size_t i = 0; i < wanted && text.size() + i < script.size(); ++i) {
      batch.push_back(i == wrong ? static_cast<Token>(random() % static_cast<unsigned>(crowd.n_vocab()))
                                 : script[text.size() + i]);
    }
    const std::size_t before = crowd.text(0).size();
    for (const Token token : batch) crowd.add(0, token);
    crowd.forward();
    std::size_t accepted = 0;
    for (bool agree = true; agree && text.size() < script.size(); ++accepted) {
      text.push_back(most_likely(crowd.logits(static_cast<int>(accepted))));
      agree = accepted + 1 < batch.size() && batch[accepted + 1] == text.back();
    }
    crowd.trim(0, before + accepted);
  }
  return text;
}

}  // namespace decant::test
