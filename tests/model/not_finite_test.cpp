#include "model/not_finite.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

TEST(NotFinite, IsTheFilesFaultWhereItHasSuchNumbers) {
  const Error unknown = not_finite({.name = "m"}, "a NaN");
  EXPECT_EQ(unknown.kind(), ErrorKind::internal);
  EXPECT_STREQ(unknown.what(), "a NaN");
  ModelInfo info{.name = "m"};
  info.damaged_tensor = [] { return std::string(); };
  EXPECT_EQ(not_finite(info, "a NaN").kind(), ErrorKind::internal);
  info.damaged_tensor = [] { return std::string("blk.0.ffn_up.weight"); };
  EXPECT_EQ(not_finite(info, "a NaN").kind(), ErrorKind::data);
  EXPECT_STREQ(not_finite(info, "a NaN").what(),
               "a NaN: the file of m has such numbers in its tensor blk.0.ffn_up.weight; download or convert it again");
}

}  // namespace
}  // namespace decant
