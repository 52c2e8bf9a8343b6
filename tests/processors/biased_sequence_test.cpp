#include "processors/biased_sequence.h"

#include <gtest/gtest.h>

#include <limits>

#include "options/usage_error.h"
#include "support/table_model.h"

namespace decant {
namespace {

using Sequences = std::vector<BiasedSequence>;
constexpr float inf = std::numeric_limits<float>::infinity();

// 0 "a", 1 "b", 2 "ab", 3 " ", 4 "=", 5 "[", 6 "]", 7 the end
const testing::TableVocab vocab({"a", "b", "ab", " ", "=", "[", "]", "</s>"}, {7});

Sequences bias(const std::string& text) { return parse_sequence_bias({text}, vocab); }
Sequences logit(const std::string& text) { return parse_logit_bias({text}, vocab); }
Sequences bad(const std::string& text) { return parse_bad_words({text}, vocab, vocab.eos()); }

std::string bias_error(const std::string& text) {
  return usage_error([&] { bias(text); });
}
std::string logit_error(const std::string& text) {
  return usage_error([&] { logit(text); });
}
std::string bad_error(const std::string& text) {
  return usage_error([&] { bad(text); });
}

TEST(SequenceBiasOption, Texts) {
  EXPECT_EQ(bias("ab=2.5"), (Sequences{{{2}, 2.5}}));
  EXPECT_EQ(bias("ba=-1e1"), (Sequences{{{1, 0}, -10}}));
  EXPECT_EQ(bias(" a=+.5"), (Sequences{{{3, 0}, .5}}));
  EXPECT_EQ(bias("a=b=-inf"), (Sequences{{{0, 4, 1}, -inf}}));  // split at the last '='
  EXPECT_EQ(bias("==1"), (Sequences{{{4}, 1}}));
  EXPECT_EQ(bias("[ab]=1"), (Sequences{{{5, 2, 6}, 1}}));  // letters: a text
  EXPECT_EQ(parse_sequence_bias({"a=1", "b=2"}, vocab), (Sequences{{{0}, 1}, {{1}, 2}}));
  EXPECT_EQ(parse_sequence_bias({}, vocab), Sequences{});
}

TEST(SequenceBiasOption, Ids) {
  EXPECT_EQ(bias("[0]=1"), (Sequences{{{0}, 1}}));
  EXPECT_EQ(bias("[3,0,7]=-2"), (Sequences{{{3, 0, 7}, -2}}));
  EXPECT_EQ(bias("[ 3, 0 ]=1"), (Sequences{{{3, 0}, 1}}));
}

TEST(SequenceBiasOption, Errors) {
  EXPECT_EQ(bias_error("ab"), "sequence_bias 'ab': it must be TEXT=BIAS or [ID,ID,...]=BIAS");
  EXPECT_EQ(bias_error(""), "sequence_bias '': it must be TEXT=BIAS or [ID,ID,...]=BIAS");
  EXPECT_EQ(bias_error("=1"), "sequence_bias '=1': the text is empty");
  EXPECT_EQ(bias_error("[]=1"), "sequence_bias '[]=1': the list has no token id");
  EXPECT_EQ(bias_error("[ ]=1"), "sequence_bias '[ ]=1': the list has no token id");
  EXPECT_EQ(bias_error("[1,]=1"), "sequence_bias '[1,]=1': '' is not a token id");
  EXPECT_EQ(bias_error("[1.5]=1"), "sequence_bias '[1.5]=1': '1.5' is not a token id");
  EXPECT_EQ(bias_error("[1 2]=1"), "sequence_bias '[1 2]=1': '1 2' is not a token id");
  EXPECT_EQ(bias_error("[8]=1"), "sequence_bias '[8]=1': there is no token 8, the vocabulary ends at 7");
  EXPECT_EQ(bias_error("[-1]=1"), "sequence_bias '[-1]=1': there is no token -1, the vocabulary ends at 7");
  EXPECT_EQ(bias_error("[99999999999]=1"),
            "sequence_bias '[99999999999]=1': there is no token 99999999999, the vocabulary ends at 7");
  EXPECT_EQ(bias_error("a="), "sequence_bias 'a=': the bias '' is not a number");
  EXPECT_EQ(bias_error("a=x"), "sequence_bias 'a=x': the bias 'x' is not a number");
  EXPECT_EQ(bias_error("a=1x"), "sequence_bias 'a=1x': the bias '1x' is not a number");
  EXPECT_EQ(bias_error("a= 1"), "sequence_bias 'a= 1': the bias ' 1' is not a number");
  EXPECT_EQ(bias_error("a=+-1"), "sequence_bias 'a=+-1': the bias '+-1' is not a number");
  EXPECT_EQ(bias_error("a=++1"), "sequence_bias 'a=++1': the bias '++1' is not a number");
  EXPECT_EQ(bias_error("a=+"), "sequence_bias 'a=+': the bias '+' is not a number");
  for (const std::string number : {"nan", "inf", "+inf", "1e99", "-1e99"}) {
    EXPECT_EQ(bias_error("a=" + number),
              "sequence_bias 'a=" + number + "': the bias " + number + " must be a finite number, or -inf to ban");
  }
}

TEST(LogitBiasOption, EveryNotation) {
  for (const char* text : {"3=1.5", "3+1.5", "3=+1.5"}) EXPECT_EQ(logit(text), (Sequences{{{3}, 1.5}})) << text;
  for (const char* text : {"3=-1.5", "3-1.5"}) EXPECT_EQ(logit(text), (Sequences{{{3}, -1.5}})) << text;
  for (const char* text : {"3=-inf", "3-inf"}) EXPECT_EQ(logit(text), (Sequences{{{3}, -inf}})) << text;
  EXPECT_EQ(logit("0=1e-3"), (Sequences{{{0}, 1e-3f}}));
  EXPECT_EQ(parse_logit_bias({"0=1", "7-2"}, vocab), (Sequences{{{0}, 1}, {{7}, -2}}));
}

TEST(LogitBiasOption, Errors) {
  EXPECT_EQ(logit_error(""), "logit_bias '': it must be ID=BIAS, ID+BIAS or ID-BIAS");
  EXPECT_EQ(logit_error("3"), "logit_bias '3': it must be ID=BIAS, ID+BIAS or ID-BIAS");
  EXPECT_EQ(logit_error("=1"), "logit_bias '=1': it must be ID=BIAS, ID+BIAS or ID-BIAS");
  EXPECT_EQ(logit_error("a=1"), "logit_bias 'a=1': 'a' is not a token id");
  EXPECT_EQ(logit_error("1.5=1"), "logit_bias '1.5=1': '1.5' is not a token id");
  EXPECT_EQ(logit_error("8=1"), "logit_bias '8=1': there is no token 8, the vocabulary ends at 7");
  EXPECT_EQ(logit_error("-1=1"), "logit_bias '-1=1': there is no token -1, the vocabulary ends at 7");
  EXPECT_EQ(logit_error("3="), "logit_bias '3=': the bias '' is not a number");
  EXPECT_EQ(logit_error("3+"), "logit_bias '3+': the bias '+' is not a number");
  EXPECT_EQ(logit_error("3-"), "logit_bias '3-': the bias '-' is not a number");
  EXPECT_EQ(logit_error("3--1"), "logit_bias '3--1': the bias '--1' is not a number");
  EXPECT_EQ(logit_error("3+x"), "logit_bias '3+x': the bias '+x' is not a number");
  EXPECT_EQ(logit_error("3=nan"), "logit_bias '3=nan': the bias nan must be a finite number, or -inf to ban");
  EXPECT_EQ(logit_error("3+inf"), "logit_bias '3+inf': the bias +inf must be a finite number, or -inf to ban");
}

TEST(BadWordsOption, TextsAndIds) {
  EXPECT_EQ(bad("ba"), (Sequences{{{1, 0}, -inf}}));
  EXPECT_EQ(bad("a=b"), (Sequences{{{0, 4, 1}, -inf}}));
  EXPECT_EQ(bad("[1,0]"), (Sequences{{{1, 0}, -inf}}));
  EXPECT_EQ(bad("[a]"), (Sequences{{{5, 0, 6}, -inf}}));
}

TEST(BadWordsOption, ASingleEndIsLeftOut) {
  EXPECT_EQ(bad("[7]"), Sequences{});
  EXPECT_EQ(bad("</s>"), Sequences{});
  EXPECT_EQ(bad("[0,7]"), (Sequences{{{0, 7}, -inf}}));
  EXPECT_EQ(bad("[7,0]"), (Sequences{{{7, 0}, -inf}}));
  EXPECT_EQ(parse_bad_words({"[7]", "a", "[7]"}, vocab, {}), (Sequences{{{7}, -inf}, {{0}, -inf}, {{7}, -inf}}));
}

TEST(BadWordsOption, Errors) {
  EXPECT_EQ(bad_error(""), "bad_words '': the text is empty");
  EXPECT_EQ(bad_error("[]"), "bad_words '[]': the list has no token id");
  EXPECT_EQ(bad_error("[8]"), "bad_words '[8]': there is no token 8, the vocabulary ends at 7");
}

// A vocabulary may have no bytes for a character.
class SilentVocab : public testing::TableVocab {
 public:
  SilentVocab() : TableVocab({"a"}) {}
  std::vector<Token> tokenize(std::string_view, bool, bool) const override { return {}; }
};

TEST(BadWordsOption, TextWithoutTokens) {
  EXPECT_EQ(usage_error([] { parse_bad_words({"\x01"}, SilentVocab(), {}); }),
            "bad_words '\x01': this vocabulary has no tokens for the text");
}

}  // namespace
}  // namespace decant
