#include "strategies/forced_words.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/table_model.h"

namespace decant {
namespace {

using Ids = std::vector<Token>;

const testing::TableVocab vocab({"a", "b", "c", "ab", "[", "\""});

ForcedWords words(std::vector<Ids> phrases) { return {"", std::move(phrases)}; }

std::vector<Ids> parsed(const std::string& text) { return parse_forced_words({text}, vocab)[0].phrases; }

std::string error_of(const std::string& text) {
  try {
    parse_forced_words({text}, vocab);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(ForcedWords, TextsIdsAndSetsOfThem) {
  EXPECT_EQ(parsed("abc"), (std::vector<Ids>{{3, 2}}));
  EXPECT_EQ(parsed("[0,1]"), (std::vector<Ids>{{0, 1}}));
  EXPECT_EQ(parsed("[[0,1],[2]]"), (std::vector<Ids>{{0, 1}, {2}}));
  EXPECT_EQ(parsed(R"([ "ab" , [2, 2] ])"), (std::vector<Ids>{{3}, {2, 2}}));
  EXPECT_EQ(parsed(R"(["\"a"])"), (std::vector<Ids>{{5, 0}}));
  EXPECT_EQ(parsed(R"(["\u0061b"])"), (std::vector<Ids>{{3}}));
  EXPECT_EQ(parsed("[a"), (std::vector<Ids>{{4, 0}}));
}

TEST(ForcedWords, BadOnesAreErrors) {
  EXPECT_EQ(error_of(""), "force_words '': the text is empty");
  EXPECT_EQ(error_of("[9]"), "force_words '[9]': there is no token 9, the vocabulary ends at 5");
  EXPECT_EQ(error_of(R"(["a" "b"])"),
            R"(force_words '["a" "b"]': several phrases are written as ["rain","snow"] or as [[1,2],[3]])");
  EXPECT_EQ(error_of(R"(["a",])"),
            R"(force_words '["a",]': several phrases are written as ["rain","snow"] or as [[1,2],[3]])");
  EXPECT_EQ(error_of(R"(["a\q"])"), R"(force_words '["a\q"]': invalid string: forbidden character after backslash)");
  EXPECT_EQ(error_of(R"(["a, "b"])"),
            R"(force_words '["a, "b"]': several phrases are written as ["rain","snow"] or as [[1,2],[3]])");
  EXPECT_EQ(error_of("[[1],[1,2]]"),
            "force_words '[[1],[1,2]]': one of its phrases is the beginning of another: drop the longer one");
  EXPECT_EQ(error_of(R"(["a","a"])"),
            R"(force_words '["a","a"]': one of its phrases is the beginning of another: drop the longer one)");
}

TEST(ForcedWords, ProgressByHand) {
  const std::vector<ForcedWords> two = {words({{1, 2, 3}}), words({{4}, {5, 6}})};  // n = 3
  const auto at = [&](const Ids& text) { return progress(two, text); };
  EXPECT_EQ(at({}).bank, 0);
  EXPECT_EQ(at({}).next, (Ids{1, 4, 5}));
  EXPECT_EQ(at({9, 1}).bank, 1);
  EXPECT_EQ(at({9, 1}).next, Ids{2});
  EXPECT_EQ(at({1, 2}).bank, 2);
  EXPECT_EQ(at({1, 2, 9}).bank, 0);
  EXPECT_EQ(at({1, 5}).bank, 2);  // the second word lacks 1 of at most 2, and n is 3
  EXPECT_EQ(at({1, 5}).next, Ids{6});
  EXPECT_EQ(at({4, 1}).bank, 4);
  EXPECT_EQ(at({4, 1}).unmet, std::vector<std::size_t>{0});
  EXPECT_TRUE(at({5, 6, 7, 1, 2, 3}).complete());
  EXPECT_EQ(at({5, 6, 7, 1, 2, 3}).bank, 6);
}

TEST(ForcedWords, AWordWhoseFirstTokenComesTwiceIsFound) {
  const std::vector<ForcedWords> one = {words({{1, 1, 2}})};
  EXPECT_TRUE(progress(one, Ids{1, 1, 1, 2}).complete());
  EXPECT_EQ(progress(one, Ids{1, 1, 1}).next, Ids{2});
  EXPECT_FALSE(hf_progress(one, Ids{1, 1, 1, 2}).complete());  // there, the third 1 is spent
  EXPECT_TRUE(hf_progress(one, Ids{1, 1, 2}).complete());
  EXPECT_EQ(hf_progress(one, Ids{1, 1, 1}).next, Ids{1});
}

TEST(ForcedWords, OneAskedForTwiceIsMetByTwo) {
  const std::vector<ForcedWords> two = {words({{1, 2, 1}}), words({{1, 2, 1}})};
  EXPECT_EQ(progress(two, Ids{1, 2, 1}).unmet, std::vector<std::size_t>{1});
  EXPECT_EQ(progress(two, Ids{1, 2, 1}).next, Ids{1});  // the 1 at the end is the first one's
  EXPECT_EQ(progress(two, Ids{1, 2, 1}).bank, 3);
  EXPECT_FALSE(progress(two, Ids{1, 2, 1, 2, 1}).complete());
  EXPECT_EQ(progress(two, Ids{1, 2, 1, 9, 1, 2}).bank, 5);
  EXPECT_TRUE(progress(two, Ids{1, 2, 1, 9, 1, 2, 1}).complete());
  const std::vector<ForcedWords> sets = {words({{1}, {2, 3}}), words({{2, 3}, {1}})};
  EXPECT_FALSE(progress(sets, Ids{2, 3}).complete());
  EXPECT_TRUE(progress(sets, Ids{2, 3, 1}).complete());
  const std::vector<ForcedWords> others = {words({{1}}), words({{1}, {2}})};
  EXPECT_TRUE(progress(others, Ids{1}).complete());  // each is there
}

TEST(ForcedWords, WordsMayOverlapAndWaitForEachOther) {
  const std::vector<ForcedWords> two = {words({{1, 2}}), words({{2, 3}})};
  EXPECT_TRUE(progress(two, Ids{1, 2, 3}).complete());
  EXPECT_EQ(hf_progress(two, Ids{1, 2, 3}).unmet, std::vector<std::size_t>{1});
  EXPECT_EQ(hf_progress(two, Ids{1, 2, 2}).bank, 3);
  EXPECT_EQ(hf_progress(two, Ids{1, 2, 2}).next, Ids{3});
}

}  // namespace
}  // namespace decant
