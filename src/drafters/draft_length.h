// How much to draft, by measurement: as many guesses as make the most tokens a second of what a forward of so many rows
// costs now, what guessing costs, and how often guesses have been kept. None is a possible answer, tried again now and
// then.
//
//   tokens a second of d guesses = (1 + a_1 + ... + a_d) / (cost of guessing d + cost of 1 + d rows),
//
// where a_i is how often the i-th guess was kept: of a chain, all up to it; of a tree, it and those that it follows. A
// round tells nothing about guesses that it did not have (it is censored): a_i moves where i guesses were there.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace decant {

// Seconds that a forward takes by its rows, as it was lately.
class RowCosts {
 public:
  void measured(int rows, double seconds);
  double of(int rows) const;  // in seconds, or where nothing has been measured in forwards of one row

 private:
  static constexpr int kSizes = 9;        // 1, 2, 4, ..., 256 rows
  std::array<double, kSizes> seconds_{};  // 0: not measured
};

class DraftLength {
 public:
  static constexpr int kKinds = 4;  // of drafts, by how sure their drafter is

  explicit DraftLength(int most) : most_(most) {}

  // Guesses for each of so many texts, should a draft be of this kind; 0: none.
  int choose(int kind, int texts, const RowCosts& costs) const;

  // Whether it is worth asking the drafter at all in this round. Counts the rounds.
  bool is_worth_asking(int texts, const RowCosts& costs);

  void guessed(int guesses, double seconds);                   // what guessing cost
  void verified(int kind, const std::vector<bool>& was_kept);  // of each guess of a draft

 private:
  double kept(int kind, int guess) const;  // from 1

  int most_;
  double seconds_a_guess_ = 0;
  std::array<std::vector<double>, kKinds> kept_{};  // a_1, a_2, ...: as long as drafts have been
  int silent_ = 0;                                  // rounds without
  int patience_ = 16;                               // rounds until it is tried again
  bool trying_ = false;                             // this round, though nothing speaks for it
};

}  // namespace decant
