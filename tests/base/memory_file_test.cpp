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

TEST(MemoryFile, AHoleIsZerosThatTakeNoMemory) {
  MemoryFile file("test");
  file.append("one");
  file.append_hole(std::size_t{1} << 40);
  EXPECT_EQ(std::filesystem::file_size(file.path()), 3 + (std::uintmax_t{1} << 40));
  std::ifstream in(file.path(), std::ios::binary);
  std::string begin(5, 'x');
  in.read(begin.data(), 5);
  EXPECT_EQ(begin, std::string("one\0\0", 5));
}

}  // namespace
}  // namespace decant
