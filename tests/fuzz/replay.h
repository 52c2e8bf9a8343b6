// The corpus of a target, and what is near to it, in a test.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

#include "support/paths.h"
#include "support/temporary.h"

namespace decant::fuzz {

inline void replay(std::string_view name, void (*target)(std::string_view)) {
  constexpr int mutants = 10;  // of each file, and as many beginnings
  int files = 0;
  std::mt19937_64 random(1);
  const auto feed = [&](const std::string& bytes, const std::filesystem::path& from) {
    try {
      target(bytes);
    } catch (const std::exception& failure) {
      ADD_FAILURE() << from << ": " << failure.what() << "\n" << ::testing::PrintToString(bytes);
    }
  };
  for (const auto& file : std::filesystem::directory_iterator(test::source_folder() / "tests/fuzz/corpus" / name)) {
    const std::string bytes = test::read_file(file.path());
    feed(bytes, file.path());
    ++files;
    for (int i = 0; i < mutants && !bytes.empty(); ++i) {
      feed(bytes.substr(0, random() % bytes.size()), file.path());
      std::string mutant = bytes;
      mutant[random() % mutant.size()] = static_cast<char>(random());
      feed(mutant, file.path());
    }
  }
  EXPECT_GT(files, 2) << name;
}

}  // namespace decant::fuzz
