// The message of the usage error that `action` must throw.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace decant {

template <class Action>
std::string usage_error(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "(no error)";
}

}  // namespace decant
