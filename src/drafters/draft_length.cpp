// Tested by tests/drafters/draft_length_test.cpp.
#include "drafters/draft_length.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace decant {
namespace {

constexpr double kMemory = 0.9;                                        // of the last figure, in the next
constexpr double kHope[DraftLength::kKinds] = {0.6, 0.75, 0.9, 0.97};  // that a guess is kept, before any was seen
constexpr int kLongestPatience = 512;                                  // rounds

// Forwards of 1, 2, 4, ... rows in those of one row, before any was measured: Q4 on AVX2 or later.
constexpr double kUsual[] = {1, 1.1, 1.3, 1.7, 2.5, 4.3, 8, 15, 30};

void move_towards(double& figure, double seen) { figure += (1 - kMemory) * (seen - figure); }

int size_of(int rows) { return std::bit_width(static_cast<unsigned>(rows)) - 1; }

}  // namespace

void RowCosts::measured(int rows, double seconds) {
  const int size = size_of(rows);
  if (size >= kSizes) return;
  // Between two sizes it is the smaller one's, scaled.
  const double low = kUsual[size], high = kUsual[std::min(size + 1, kSizes - 1)];
  const double share = static_cast<double>(rows) / (1 << size) - 1;
  const double scaled = seconds * low / (low + share * (high - low));
  double& its = seconds_[static_cast<std::size_t>(size)];
  its == 0 ? void(its = scaled) : move_towards(its, scaled);
}

double RowCosts::of(int rows) const {
  const auto at = [&](int size) {
    size = std::min(size, kSizes - 1);
    for (int away = 0; away < kSizes; ++away) {  // the nearest size that was measured, the smaller first
      for (const int near : {size - away, size + away}) {
        if (near < 0 || near >= kSizes || seconds_[static_cast<std::size_t>(near)] == 0) continue;
        return seconds_[static_cast<std::size_t>(near)] * kUsual[size] / kUsual[near];
      }
    }
    return kUsual[size];
  };
  const int size = size_of(rows);
  const double share = static_cast<double>(rows) / (1 << size) - 1;
  return at(size) + share * (at(size + 1) - at(size));
}

double DraftLength::kept(int kind, int guess) const {
  const std::vector<double>& known = kept_[static_cast<std::size_t>(kind)];
  if (known.empty()) return std::pow(kHope[kind], guess);
  if (guess <= std::ssize(known)) return known[static_cast<std::size_t>(guess) - 1];
  // As often as on average so far: (a_n)^(1/n) a guess.
  const double each = std::pow(known.back(), 1.0 / static_cast<double>(known.size()));
  return known.back() * std::pow(each, guess - std::ssize(known));
}

int DraftLength::choose(int kind, int texts, const RowCosts& costs) const {
  double tokens = 1, best_rate = 1 / costs.of(texts);
  int best = 0;
  for (int guesses = 1; guesses <= most_; ++guesses) {
    tokens += kept(kind, guesses);
    if (guesses > 16 && guesses % 4 != 0) continue;
    const double rate = tokens / (seconds_a_guess_ * guesses + costs.of(texts * (1 + guesses)));
    if (rate <= best_rate) continue;
    best_rate = rate;
    best = guesses;
  }
  return best == 0 && trying_ ? std::min(most_, 2) : best;
}

bool DraftLength::is_worth_asking(int texts, const RowCosts& costs) {
  trying_ = false;
  for (int kind = 0; kind < kKinds; ++kind) {
    if (choose(kind, texts, costs) == 0) continue;
    silent_ = 0;
    return true;
  }
  if (++silent_ < patience_) return false;
  silent_ = 0;
  patience_ = std::min(2 * patience_, kLongestPatience);
  trying_ = true;
  return true;
}

void DraftLength::guessed(int guesses, double seconds) {
  if (guesses == 0) return;
  const double each = seconds / guesses;
  seconds_a_guess_ == 0 ? void(seconds_a_guess_ = each) : move_towards(seconds_a_guess_, each);
}

void DraftLength::verified(int kind, const std::vector<bool>& was_kept) {
  std::vector<double>& known = kept_[static_cast<std::size_t>(kind)];
  std::vector<double> hoped;
  for (std::size_t i = known.size(); i < was_kept.size(); ++i) hoped.push_back(kept(kind, static_cast<int>(i) + 1));
  known.insert(known.end(), hoped.begin(), hoped.end());
  for (std::size_t i = 0; i < was_kept.size(); ++i) move_towards(known[i], was_kept[i] ? 1 : 0);
  if (std::find(was_kept.begin(), was_kept.end(), false) == was_kept.end()) patience_ = 16;
}

}  // namespace decant
