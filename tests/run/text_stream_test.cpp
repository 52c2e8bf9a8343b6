#include "run/text_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "run/stop.h"
#include "support/table_model.h"

namespace decant {
namespace {

using namespace std::string_literals;

// What of `bytes` can be read: everything but an unfinished character at the end, unless `final`.
std::string readable(const std::string& bytes, bool final) {
  Utf8Buffer utf8;
  const std::string whole = utf8.push(bytes);
  return final ? whole + utf8.flush() : whole;
}

TEST(TextStream, WithoutHiddenStringsOnlyCharactersAreHeld) {
  TextStream stream;
  EXPECT_EQ(stream.push("a"), "a");
  EXPECT_EQ(stream.push(""), "");
  EXPECT_EQ(stream.push("b\xf0\x9f"), "b");
  EXPECT_EQ(stream.push("\x8c"), "");
  EXPECT_EQ(stream.push("\x8a!"), "\xf0\x9f\x8c\x8a!");
  EXPECT_EQ(stream.push("\xc3"), "");
  EXPECT_EQ(stream.finish(), "\xef\xbf\xbd");
}

TEST(TextStream, HoldsWhatMayBeginAHiddenString) {
  TextStream stream({"stop"});
  EXPECT_EQ(stream.push("a s"), "a ");
  EXPECT_EQ(stream.push("t"), "");
  EXPECT_EQ(stream.push("s"), "st");  // the first one led nowhere, the second may
  EXPECT_EQ(stream.push("to"), "");
  EXPECT_EQ(stream.push("p!"), "");
  EXPECT_EQ(stream.finish(5), "");
}

TEST(TextStream, ShowsWhatWasHeldIfNothingIsCut) {
  TextStream stream({"stop"});
  EXPECT_EQ(stream.push("ssto"), "s");
  EXPECT_EQ(stream.finish(), "sto");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, OfSeveralStringsTheOneThatBeganFirstCounts) {
  TextStream stream({"bcx", "abcd"});
  EXPECT_EQ(stream.push("zabc"), "z");
  EXPECT_EQ(stream.push("e"), "abce");
  EXPECT_EQ(stream.push("bc"), "");
  EXPECT_EQ(stream.push("x"), "");
  EXPECT_EQ(stream.finish(3), "");
}

TEST(TextStream, ACutMayLeaveHalfACharacter) {
  TextStream stream({"\x8c"});  // a byte inside the wave
  EXPECT_EQ(stream.push("a\xf0\x9f"), "a");
  EXPECT_EQ(stream.push("\x8c\x8a"), "");
  EXPECT_EQ(stream.finish(2), "\xef\xbf\xbd");
}

TEST(TextStream, AStringMayBeginInThePrompt) {
  TextStream cut({"abcd"}, "xxab");
  EXPECT_EQ(cut.push("c"), "");
  EXPECT_EQ(cut.push("de"), "");
  EXPECT_EQ(cut.finish(5), "");
  TextStream other({"abcd"}, "xxab");
  EXPECT_EQ(other.push("c"), "");
  EXPECT_EQ(other.push("x"), "cx");
  EXPECT_EQ(other.finish(), "");
  TextStream none({"abcd"}, "abcd");  // a whole one in the prompt is none of the text's
  EXPECT_EQ(none.push("x"), "x");
  TextStream inner({"abcx", "bc"}, "abc");  // held for the first, and the second ends in the prompt
  EXPECT_EQ(inner.push("y"), "y");
}

// ---- against the definition, with the stop rules that a Run has -----------------------------------------------------

const testing::TableVocab& vocab() {  // letters, whole characters, and pieces of them
  static const testing::TableVocab made({"a", "b", "ab", "baa", "\xc3", "\xa9", "\xc3\xa9", "a\xc3",
                                         "\xa9"
                                         "b",
                                         "\xf0\x9f\x8c", "\x8a", "<none>"},
                                        {11});
  return made;
}

std::size_t possible_beginning(const std::string& text, const std::vector<std::string>& strings) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (const std::string& each : strings) {
      if (each.size() > text.size() - begin && each.starts_with(text.substr(begin))) return text.size() - begin;
    }
  }
  return 0;
}

// Every push shows all that is certain and no more; at the end, the text is the Run's.
RC_GTEST_PROP(TextStream, ShowsTheCutTextAsSoonAsItIsCertain, ()) {
  const auto token = rc::gen::inRange<Token>(0, 12);
  const auto string = rc::gen::map(
      rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<Token>>(rc::gen::inRange<Token>(0, 11)))),
      [](const std::vector<Token>& tokens) {
        std::string text;
        for (const Token each : tokens) text += vocab().bytes(each);
        return text;
      });
  const auto strings = *rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(string));
  const auto prompt = *rc::gen::nonEmpty(rc::gen::resize(5, rc::gen::container<std::vector<Token>>(token)));
  const auto tokens = *rc::gen::resize(40, rc::gen::container<std::vector<Token>>(token));

  GenerationConfig config;
  config.stop_strings = strings;
  config.include_stop_str_in_output = false;
  config.ignore_eos = true;
  const StopRules rules(config, vocab(), static_cast<int>(prompt.size()), 1000);
  PrefixTree tree;
  Node tip = tree.root();
  std::string before;
  for (const Token each : prompt) {
    tip = tip.child(each);
    before += vocab().bytes(each);
  }

  TextStream stream(strings, before);
  std::string bytes, shown;
  Stop stop;
  for (const Token each : tokens) {
    tip = tip.child(each);
    bytes += vocab().bytes(each);
    const std::string piece = stream.push(vocab().bytes(each));
    RC_ASSERT(is_valid_utf8(piece));
    shown += piece;
    stop = rules.check(tip, 0);
    if (stop.reason != FinishReason::running) break;
    const std::size_t held = std::min(possible_beginning(before + bytes, strings), bytes.size());
    RC_ASSERT(shown == readable(bytes.substr(0, bytes.size() - held), false));
  }
  RC_CLASSIFY(stop.reason == FinishReason::stop);
  bytes.resize(bytes.size() - std::min(stop.cut, bytes.size()));
  const std::string rest = stream.finish(stop.cut);
  RC_ASSERT(is_valid_utf8(rest));
  RC_ASSERT(shown + rest == readable(bytes, true));
}

}  // namespace
}  // namespace decant
