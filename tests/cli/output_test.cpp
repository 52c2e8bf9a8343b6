#include "cli/output.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

TEST(WithoutControls, WhatEndsInsideOfACharacterSaysSo) { EXPECT_EQ(without_controls("caf\xC3"), "caf\xEF\xBF\xBD"); }

}  // namespace
}  // namespace decant
