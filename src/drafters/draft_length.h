// How much to draft, by measurement: as many guesses as make the most tokens a second of what a forward of so many rows
// costs now, what guessing costs, and how often guesses have been kept. None is a possible answer, tried again now and
// then.
//
//   tokens a second of d guesses = (n + 1 + a_1 + ... + a_d) / (cost of guessing d + cost of n + 1 + d rows),
//
// where n are the rows of others in the same forward, which have to wait for it, and a_i is how often the i-th guess
// was kept: of a chain, all up to it; of a tree, it and those that it follows. A round tells nothing about guesses that
// it did not have (it is censored): a_i moves where i guesses were there.
//
// A forward of another number of rows than the one before costs more than one of the same number: its graph is built
// anew. A draft among rounds without pays that twice.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace decant {

// Seconds that a forward takes by its rows, as it was lately; where nothing has been measured, in forwards of one row.
// `rows` are a Run's own, among those of others.
class RowCosts {
 public:
  void measured(int rows, double seconds, int others = 0);
  bool are_known() const;
  double of(int rows) const;              // behind one of as many rows, in the company of the last one
  double change() const;                  // what it takes more behind another number of rows
  int last() const { return last_; }      // rows of the last one; 0: there was none
  int others() const { return others_; }  // beside them

 private:
  static constexpr int kSizes = 9;  // 1, 2, 4, ..., 256 rows
  struct Figure {
    double seconds = 0;
    int seen = 0;
  };
  static void average(Figure& figure, double seconds);
  double of_all(int rows) const;

  std::array<Figure, kSizes> sizes_{};
  Figure change_;
  int last_ = 0, others_ = 0;
};

class DraftLength {
 public:
  static constexpr int kKinds = 4;  // of drafts, by how sure their drafter is
  static constexpr int kUsualKind = 1;

  // `kinds`: those that its drafts may have; `evaluates`: guessing takes forwards of a model.
  explicit DraftLength(int most, std::vector<int> kinds = {kUsualKind}, bool evaluates = false)
      : most_(most), kinds_(std::move(kinds)), evaluates_(evaluates) {}

  // Guesses for each of so many texts, whatever kind of draft comes; 0: it is not worth asking. Once a round.
  int limit(int texts, const RowCosts& costs);

  // The same for a draft that is of this kind. Once for each draft.
  int choose(int kind, int texts, const RowCosts& costs);

  // What guessing cost, and how much of it went into reading what the draft model had not read yet.
  void guessed(int guesses, double seconds, double catching_up = 0);

  void verified(int kind, const std::vector<bool>& was_kept);  // of each guess of a draft

 private:
  struct Kind {
    std::vector<double> kept = {};  // a_1, a_2, ...: as long as drafts have been
    std::vector<int> seen = {};     // how often each was there
    int declined = 0;               // drafts since the last one
    int patience = 16;              // drafts until it is tried again, at least
  };
  double kept(int kind, int guess) const;  // from 1
  int worth(int kind, int texts, const RowCosts& costs) const;
  bool is_due(int kind, int texts, const RowCosts& costs) const;
  int trial() const;
  Kind& at(int kind) { return known_[static_cast<std::size_t>(kind)]; }
  const Kind& at(int kind) const { return known_[static_cast<std::size_t>(kind)]; }

  int most_;
  std::vector<int> kinds_;
  bool evaluates_;
  double seconds_a_guess_ = 0;
  double catching_up_ = 0;
  std::array<Kind, kKinds> known_{};
};

}  // namespace decant
