#include "model/same_vocabulary.h"

#include <gtest/gtest.h>

#include "support/table_model.h"

namespace decant {
namespace {

using testing::TableVocab;

std::string difference(const TableVocab& a, const TableVocab& b) {
  try {
    check_same_vocabulary(a, "expert", b, "amateur");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return error.what();
  }
  return "";
}

TEST(SameVocabulary, TheFirstDifferenceIsNamed) {
  EXPECT_EQ(difference(TableVocab({"a", "b", "c"}), TableVocab({"a", "b", "c"})), "");
  EXPECT_EQ(difference(TableVocab({"a", "b", "c"}), TableVocab({"a", "x", "y"})),
            "expert and amateur have different vocabularies: token 1 is 'b' in the one and 'x' in the other; take two "
            "models of one family");
  EXPECT_EQ(difference(TableVocab({"a", "b", "c"}), TableVocab({"a", "b"})),
            "expert and amateur have different vocabularies: 3 tokens in the one and 2 in the other; take two models "
            "of one family");
}

}  // namespace
}  // namespace decant
