#include "base/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace decant {
namespace {

struct Animal {
  std::string name;
};
const Registered<Animal> cat({"cat"});

TEST(Registry, RowsAreThereAsLongAsTheirOwner) {
  ASSERT_EQ(registered<Animal>().size(), 1u);
  {
    const Registered<Animal> dog({"dog"});
    ASSERT_EQ(registered<Animal>().size(), 2u);
    EXPECT_EQ(registered<Animal>().back(), &*dog);
  }
  ASSERT_EQ(registered<Animal>().size(), 1u);
  EXPECT_EQ(registered<Animal>()[0]->name, cat->name);
}

}  // namespace
}  // namespace decant
