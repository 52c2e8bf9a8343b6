// Tested by tests/drafters/draft_length_test.cpp.
#include "drafters/draft_length.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace decant {
namespace {

constexpr double kNews = 0.1;                                          // the least weight of what was seen last
constexpr double kHope[DraftLength::kKinds] = {0.6, 0.75, 0.9, 0.97};  // that a guess is kept, before any was seen
constexpr int kHopeSeen = 2;                                           // as if so many had been
constexpr int kLongestPatience = 512;                                  // drafts
constexpr int kTrial = 2;                                              // guesses
constexpr double kTrials = 0.01;                                       // of the time, at most

// Before any was measured, in forwards of one row: those of 1, 2, 4, ... rows (Q4 on AVX2 or later), and what another
// number of rows costs.
constexpr double kUsual[] = {1, 1.1, 1.3, 1.7, 2.5, 4.3, 8, 15, 30};
constexpr double kUsualChange = 0.1;

void move_towards(double& figure, double seen, int times) {
  figure += std::max(kNews, 1.0 / (times + 1)) * (seen - figure);
}

int size_of(int rows) { return std::bit_width(static_cast<unsigned>(std::max(rows, 1))) - 1; }

}  // namespace

void RowCosts::average(Figure& figure, double seconds) { move_towards(figure.seconds, seconds, figure.seen++); }

void RowCosts::measured(int own, double seconds, int others) {
  const int rows = own + others;
  const bool changed = last_ != 0 && rows != last_ + others_;
  last_ = own;
  others_ = others;
  const int size = size_of(rows);
  if (size >= kSizes) return;
  Figure& its = sizes_[static_cast<std::size_t>(size)];
  if (changed && rows == 1 && its.seen > 0) {
    average(change_, std::max(0.0, seconds - its.seconds));
    if (seconds < its.seconds) average(its, seconds);
    return;
  }
  if (changed && change_.seen > 0) seconds = std::max(seconds - change_.seconds, seconds / 2);
  // Between two sizes it is the smaller one's, scaled.
  const double low = kUsual[size], high = kUsual[std::min(size + 1, kSizes - 1)];
  const double share = static_cast<double>(rows) / (1 << size) - 1;
  average(its, seconds * low / (low + share * (high - low)));
}

bool RowCosts::are_known() const {
  return std::any_of(sizes_.begin(), sizes_.end(), [](const Figure& size) { return size.seen > 0; });
}

double RowCosts::of(int rows) const { return of_all(rows + others_); }

double RowCosts::of_all(int rows) const {
  const auto at = [&](int size) {
    size = std::min(size, kSizes - 1);
    for (int away = 0; away < kSizes; ++away) {  // the nearest size that was measured, the smaller first
      for (const int near : {size - away, size + away}) {
        if (near < 0 || near >= kSizes || sizes_[static_cast<std::size_t>(near)].seen == 0) continue;
        return sizes_[static_cast<std::size_t>(near)].seconds * kUsual[size] / kUsual[near];
      }
    }
    return kUsual[size];
  };
  const int size = size_of(rows);
  const double share = static_cast<double>(rows) / (1 << size) - 1;
  return at(size) + share * (at(size + 1) - at(size));
}

double RowCosts::change() const { return change_.seen > 0 ? change_.seconds : kUsualChange * of(1); }

double DraftLength::kept(int kind, int guess) const {
  const std::vector<double>& known = at(kind).kept;
  if (known.empty()) return std::pow(kHope[kind], guess);
  if (guess <= std::ssize(known)) return known[static_cast<std::size_t>(guess) - 1];
  // As often as on average so far: (a_n)^(1/n) a guess.
  const double each = std::pow(known.back(), 1.0 / static_cast<double>(known.size()));
  return known.back() * std::pow(each, guess - std::ssize(known));
}

int DraftLength::worth(int kind, int texts, const RowCosts& costs) const {
  // What a draft model costs is known once it has guessed, and forwards have been measured.
  if (evaluates_ && seconds_a_guess_ == 0) return trial();
  if (evaluates_ && !costs.are_known()) return 0;
  const bool drafted = costs.last() > texts;
  double tokens = costs.others() + texts, best_rate = tokens / (costs.of(texts) + (drafted ? costs.change() : 0));
  int best = 0;
  for (int guesses = 1; guesses <= most_; ++guesses) {
    tokens += texts * kept(kind, guesses);
    if (guesses > 16 && guesses % 4 != 0) continue;
    const int rows = texts * (1 + guesses);
    const int changes = (rows == costs.last() ? 0 : 1) + (drafted ? 0 : 1);
    const double rate = tokens / (seconds_a_guess_ * guesses + costs.of(rows) + changes * costs.change());
    if (rate <= best_rate) continue;
    best_rate = rate;
    best = guesses;
  }
  return best;
}

int DraftLength::trial() const { return std::min(most_, kTrial); }

bool DraftLength::is_due(int kind, int texts, const RowCosts& costs) const {
  const double cost = catching_up_ + seconds_a_guess_ * trial() + costs.of(texts * (1 + trial())) - costs.of(texts) +
                      2 * costs.change();
  const double drafts = std::max<double>(at(kind).patience, cost / (kTrials * costs.of(texts)));
  return at(kind).declined + 1 >= drafts;
}

int DraftLength::limit(int texts, const RowCosts& costs) {
  int most = 0;
  for (const int kind : kinds_) {
    most = std::max({most, worth(kind, texts, costs), is_due(kind, texts, costs) ? trial() : 0});
  }
  if (most == 0) {
    for (const int kind : kinds_) ++at(kind).declined;
  }
  return most;
}

int DraftLength::choose(int kind, int texts, const RowCosts& costs) {
  Kind& its = at(kind);
  int guesses = worth(kind, texts, costs);
  if (guesses == 0 && is_due(kind, texts, costs)) {
    guesses = trial();
    its.patience = std::min(2 * its.patience, kLongestPatience);
  }
  its.declined = guesses > 0 ? 0 : its.declined + 1;
  return guesses;
}

void DraftLength::guessed(int guesses, double seconds, double catching_up) {
  if (guesses == 0) return;
  const double each = (seconds - catching_up) / guesses;
  seconds_a_guess_ == 0 ? void(seconds_a_guess_ = each)
                        : move_towards(seconds_a_guess_, each, static_cast<int>(1 / kNews));
  catching_up_ = catching_up;
}

void DraftLength::verified(int kind, const std::vector<bool>& was_kept) {
  Kind& its = at(kind);
  std::vector<double> hoped;
  for (std::size_t i = its.kept.size(); i < was_kept.size(); ++i) hoped.push_back(kept(kind, static_cast<int>(i) + 1));
  its.kept.insert(its.kept.end(), hoped.begin(), hoped.end());
  its.seen.resize(its.kept.size(), kHopeSeen);
  const std::vector<double> before = its.kept;
  for (std::size_t i = 0; i < was_kept.size(); ++i) move_towards(its.kept[i], was_kept[i] ? 1 : 0, its.seen[i]++);
  // Those that were not there this time are kept as often as before where the ones before them are: of a chain the
  // last one, of a tree some.
  double growth = was_kept.empty() ? 1 : its.kept[was_kept.size() - 1] / before[was_kept.size() - 1];
  const auto sum = [&](const std::vector<double>& all) {
    return std::accumulate(all.begin(), all.begin() + std::ssize(was_kept), 0.0);
  };
  if (!was_kept.empty()) growth = std::max(growth, sum(its.kept) / sum(before));
  for (std::size_t i = was_kept.size(); i < its.kept.size(); ++i) its.kept[i] = std::min(its.kept[i] * growth, 1.0);
  if (std::find(was_kept.begin(), was_kept.end(), false) == was_kept.end()) its.patience = Kind{}.patience;
}

}  // namespace decant
