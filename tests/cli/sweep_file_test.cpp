#include "cli/sweep_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary.h"

namespace decant {
namespace {

using test::read_file;
using test::TemporaryFolder;

constexpr std::string_view header = R"({"sweep":1,"models":[{"name":"m"}],"grid":{"top_k":["2"]},"points":3})";
constexpr std::string_view first = R"({"index":0,"text":"a"})", second = R"({"index":1,"text":"b\n"})";

std::string whole() { return fmt::format("{}\n{}\n{}\n", header, first, second); }

template <class Action>
std::string complaint(Action action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "none";
}

class SweepFileTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "s.jsonl";

  std::string begin_complaint(std::string_view content, std::string_view with = header) {
    folder_.write("s.jsonl", content);
    const std::string said = complaint([&] { SweepFile(path_).begin(with); }, ErrorKind::data);
    EXPECT_EQ(read_file(path_), content) << "it was changed";
    return said.substr(std::min(said.size(), path_.string().size()));
  }
};

TEST_F(SweepFileTest, IsMadeWhenItBeginsAndNotBefore) {
  {
    SweepFile file(path_);
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(file.begin(header), 0u);
    file.append(first);
    file.append(second);
  }
  EXPECT_EQ(read_file(path_), whole());
  EXPECT_EQ(SweepFile(path_).begin(header), 2u);
  EXPECT_EQ(read_file(path_), whole());
}

TEST_F(SweepFileTest, GoesOnFromEveryByteWhereItWasCut) {
  const std::string all = whole();
  const std::size_t after_header = header.size() + 1, after_first = after_header + first.size() + 1;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    folder_.write("s.jsonl", std::string_view(all).substr(0, size));
    {
      SweepFile file(path_);
      const std::uint64_t done = file.begin(header);
      EXPECT_EQ(done, size == all.size() ? 2u : size >= after_first ? 1u : 0u) << size;
      if (done < 1) file.append(first);
      if (done < 2) file.append(second);
    }
    ASSERT_EQ(read_file(path_), all) << size;
  }
}

TEST_F(SweepFileTest, DropsADamagedLastLine) {
  for (const std::string_view tail : {std::string_view("{\"index\":2,\"te\xC3\n"), std::string_view("\0\0\0", 3),
                                      std::string_view("{\"index\":5}\n")}) {
    folder_.write("s.jsonl", whole() + std::string(tail));
    EXPECT_EQ(SweepFile(path_).begin(header), 2u);
    EXPECT_EQ(read_file(path_), whole());
  }
}

TEST_F(SweepFileTest, LeavesAloneWhatIsNotItsOwn) {
  EXPECT_EQ(begin_complaint("hello\n"), " is not a sweep: name another file, or remove it");
  EXPECT_EQ(begin_complaint("hello"), " is not a sweep: name another file, or remove it");
  EXPECT_EQ(begin_complaint("{\"run\":1}\n"), " is not a sweep: name another file, or remove it");
  EXPECT_EQ(begin_complaint(whole(), R"({"sweep":1,"models":[{"name":"m"}],"grid":{"top_k":["3"]},"points":3})"),
            " was begun by another sweep (its grid differs): name another file, or remove it");
  EXPECT_EQ(begin_complaint(fmt::format("{}\n{}\n{}\n", header, second, first)),
            " line 2 is not the result of point 0: remove the file");
}

TEST_F(SweepFileTest, HasOneWriter) {
  SweepFile one(path_);
  one.begin(header);
  EXPECT_NE(complaint([&] { SweepFile two(path_); }, ErrorKind::io).find("another sweep is writing to it"),
            std::string::npos);
}

TEST_F(SweepFileTest, CannotBeWritten) {
  const auto said = [&](const std::filesystem::path& path) {
    return complaint([&] { SweepFile file(path); }, ErrorKind::io);
  };
  EXPECT_NE(said(folder_.path()).find("it is a directory"), std::string::npos);
  EXPECT_NE(said(folder_.path() / "no" / "s").find("there is no folder"), std::string::npos);
  EXPECT_NE(said("/dev/null").find("it is no regular file"), std::string::npos);
}

}  // namespace
}  // namespace decant
