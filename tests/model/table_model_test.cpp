// The test double keeps what model.h promises, and refuses what the promise does not cover.
#include "support/table_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/error.h"

namespace decant {
namespace {

using testing::TableModel;
using Numbers = std::vector<float>;
using Tokens = std::vector<Token>;

const Outputs kLogits{.logits = true, .hidden = false, .layers = {}};
const Outputs kHidden{.logits = false, .hidden = true, .layers = {}};

Numbers copy(std::span<const float> values) { return {values.begin(), values.end()}; }

struct Reader {
  void read(Token token, int position, SeqId sequence, const Outputs* outputs, std::span<const float> state = {}) {
    const SeqId sequences[] = {sequence};
    const Row row{.token = token, .position = position, .sequences = sequences, .outputs = outputs, .state = state};
    model.forward(std::span(&row, 1));
  }
  TableModel& model;
};

TEST(TableModel, TheHeadOfAStateIsTheLogitsOfItsLayer) {
  TableModel model;
  const Outputs outputs{.logits = false, .hidden = false, .layers = {2}, .states = {0, 2}};
  Reader{model}.read(3, 0, 0, &outputs);
  Numbers logits(8);
  model.head()->apply(model.state(0, 2), logits);
  EXPECT_EQ(logits, copy(model.layer_logits(0, 2)));
  EXPECT_EQ(copy(model.state(0, 0)), model.embedding(3));
  EXPECT_THROW(model.state(0, 1), std::logic_error);  // not asked for
}

TEST(TableModel, AnEmbeddingIsItsTokenAndAnyOtherStateIsNone) {
  TableModel model;
  const Numbers embedding = model.embedding(5);
  Reader{model}.read(0, 0, 0, &kLogits, embedding);
  EXPECT_EQ(copy(model.logits(0)), model.logits_after({5}));
  const Numbers other = {1, 2, 3, 4};
  Reader{model}.read(0, 1, 0, &kLogits, other);
  EXPECT_LT(model.token_of(other), -1);
  EXPECT_EQ(copy(model.logits(0)), model.logits_after({5, model.token_of(other)}));
  EXPECT_THROW(Reader{model}.read(0, 2, 0, &kLogits, std::span(other).first(3)), std::logic_error);
}

void read_together(TableModel& model, int begin, int end) {
  static const SeqId sequence = 0;
  std::vector<Row> rows;
  for (int i = begin; i < end; ++i) rows.push_back({.token = 1, .position = i, .sequences = std::span(&sequence, 1)});
  model.forward(rows);
}

TEST(TableModel, GoesBackAsFarAsItSays) {
  TableModel model({.rewind = 2});
  read_together(model, 0, 6);
  EXPECT_THROW(model.trim_sequence(0, 3), Error);
  EXPECT_THROW(model.copy_sequence(0, 1, 5), std::logic_error);
  EXPECT_EQ(model.used_cells(), 6);
  model.trim_sequence(0, 4);
  EXPECT_EQ(model.used_cells(), 4);
  EXPECT_THROW(model.trim_sequence(0, 3), Error);  // once
  EXPECT_THROW(model.copy_sequence(0, 1, 4), std::logic_error);
  read_together(model, 4, 5);
  model.copy_sequence(0, 1, 5);
  EXPECT_THROW(model.trim_sequence(0, 4), Error);  // to where no batch had a row
  model.trim_sequence(0, 0);                       // all of it is no going back
  model.trim_sequence(1, 0);
  EXPECT_EQ(model.used_cells(), 0);
}

TEST(TableModel, HasOneSequenceForEachState) {
  TableModel model({.rewind = 2});
  const SeqId sequences[] = {0, 1};
  const Row row{.token = 1, .position = 0, .sequences = sequences};
  EXPECT_THROW(model.forward(std::span(&row, 1)), std::logic_error);
}

TEST(TableModel, HasNoPositionBeyondItsContext) {
  TableModel model({.n_context = 2});
  Reader{model}.read(1, 0, 0, nullptr);
  Reader{model}.read(1, 1, 0, nullptr);
  EXPECT_THROW(Reader{model}.read(1, 2, 0, nullptr), Error);
  EXPECT_EQ(model.used_cells(), 2);
}

TEST(TableModel, CountsTheRowsWithLogits) {
  for (const bool with_logits : {false, true}) {
    TableModel model({.max_outputs = 2});
    const SeqId sequences[] = {0, 1, 2};
    std::vector<Row> rows;
    for (const SeqId& sequence : sequences) {
      rows.push_back({1, 0, std::span(&sequence, 1), with_logits ? &kLogits : &kHidden});
    }
    if (with_logits) {
      EXPECT_THROW(model.forward(rows), std::logic_error);
    } else {
      EXPECT_NO_THROW(model.forward(rows));
    }
  }
}

// Token 7 is not finite.
testing::Table spoilt_by_seven() {
  return [](const Tokens& prefix) {
    const bool seven = std::find(prefix.begin(), prefix.end(), 7) != prefix.end();
    return seven ? Numbers(8, std::numeric_limits<float>::quiet_NaN()) : testing::random_table(8)(prefix);
  };
}

bool is_finite(TableModel& model, Token token, int position, SeqId sequence) {
  Reader{model}.read(token, position, sequence, &kLogits);
  return std::isfinite(model.logits(0)[0]);
}

TEST(TableModel, KeepsRowsApartOrNot) {
  TableModel apart({}, spoilt_by_seven()), together({.n_cells = 3, .keeps_rows_apart = false}, spoilt_by_seven());
  EXPECT_FALSE(is_finite(apart, 7, 0, 0));
  EXPECT_TRUE(is_finite(apart, 1, 0, 1));

  EXPECT_TRUE(is_finite(together, 1, 0, 1));
  EXPECT_FALSE(is_finite(together, 7, 0, 0));
  EXPECT_FALSE(is_finite(together, 2, 1, 1));  // its cell is spoilt too
  together.trim_sequence(0, 0);
  together.trim_sequence(1, 1);
  EXPECT_FALSE(is_finite(together, 2, 1, 1));  // one of the two is free, but what was in it is still there
  together.trim_sequence(1, 0);
  together.clear();
  EXPECT_TRUE(is_finite(together, 2, 0, 0));
}

TEST(TableModel, ACellThatIsUsedAgainIsNoLongerSpoilt) {
  TableModel model({.n_cells = 1, .keeps_rows_apart = false}, spoilt_by_seven());
  EXPECT_FALSE(is_finite(model, 7, 0, 0));
  model.trim_sequence(0, 0);
  EXPECT_TRUE(is_finite(model, 2, 0, 0));
}

}  // namespace
}  // namespace decant
