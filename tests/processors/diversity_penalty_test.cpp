#include <gtest/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

TEST(DiversityPenaltyProcessor, ByHand) {
  const Tokens taken{2, 0, 2};
  Scores scores = scores_of({1, 2, 3, 4});
  DiversityPenalty(.5)(scores, Context{.taken = taken});
  Floats after(4);
  scores.copy_to(after);
  EXPECT_EQ(after, (Floats{.5, 2, 2, 4}));
  EXPECT_THROW(DiversityPenalty(-1), Error);
}

}  // namespace
}  // namespace decant
