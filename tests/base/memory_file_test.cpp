#include "base/memory_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/mapped_file.h"

namespace decant {
namespace {

TEST(MemoryFile, IsReadByItsPathWhileItLives) {
  std::filesystem::path path;
  {
    MemoryFile file("test");
    file.append("one ");
    file.append(std::string(100000, 'x'));
    path = file.path();
    const MappedFile mapped(path);
    EXPECT_EQ(mapped.bytes(), "one " + std::string(100000, 'x'));
    std::ofstream(path, std::ios::binary) << "written by somebody else";
    std::ifstream in(path, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "written by somebody else");
    file.append("!");
    EXPECT_EQ(MappedFile(path).bytes(), "written by somebody else!");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace decant
