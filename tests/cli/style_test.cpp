#include "cli/style.h"

#include <gtest/gtest.h>
#include <wchar.h>

#include <clocale>

#include "base/utf8.h"
#include "options/usage_error.h"
#include "support/temporary.h"

namespace decant {
namespace {

using test::TemporaryVariable;

TEST(Style, ColourWhereItIsWanted) {
  const TemporaryVariable no_color("NO_COLOR", std::nullopt), force("CLICOLOR_FORCE", std::nullopt),
      term("TERM", "xterm");
  EXPECT_TRUE(wants_color("auto", true));
  EXPECT_FALSE(wants_color("auto", false));
  {
    const TemporaryVariable dumb("TERM", "dumb");
    EXPECT_FALSE(wants_color("auto", true));
    EXPECT_TRUE(wants_color("always", true));
  }
  {
    const TemporaryVariable forced("CLICOLOR_FORCE", "1");
    EXPECT_TRUE(wants_color("auto", false));
    EXPECT_FALSE(wants_color("never", false));
    const TemporaryVariable zero("CLICOLOR_FORCE", "0");
    EXPECT_FALSE(wants_color("auto", false));
  }
  {
    const TemporaryVariable none("NO_COLOR", "1"), forced("CLICOLOR_FORCE", "1");
    EXPECT_FALSE(wants_color("auto", true));
    EXPECT_TRUE(wants_color("always", false));
    const TemporaryVariable empty("NO_COLOR", "");
    EXPECT_TRUE(wants_color("auto", true));
  }
  EXPECT_FALSE(wants_color("never", true));
  EXPECT_EQ(usage_error([] { wants_color("yes", true); }), "--color is 'yes': it must be auto, always or never");
  EXPECT_EQ(usage_error([] { wants_color("", true); }), "--color is '': it must be auto, always or never");
}

TEST(Style, PaintsWhatIsNotBlank) {
  const Style style(true), plain(false);
  EXPECT_EQ(style.bold("a b"), "\033[1ma b\033[0m");
  EXPECT_EQ(style.quiet("a  "), "\033[90ma\033[0m  ");
  EXPECT_EQ(style.chosen(""), "");
  EXPECT_EQ(style.logit("  "), "  ");
  EXPECT_EQ(plain.probability("a  "), "a  ");
}

TEST(Shown, EveryByteIsVisible) {
  EXPECT_EQ(shown(""), "\"\"");
  EXPECT_EQ(shown(" the"), "\" the\"");
  EXPECT_EQ(shown("\n\t"), "\"↵⇥\"");
  EXPECT_EQ(shown("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(shown("é灯🌊"), "\"é灯🌊\"");
  EXPECT_EQ(shown("\xE2\x82"), R"("\xE2\x82")");  // a part of a character
  EXPECT_EQ(shown("\xFF"
                  "a\x80"),
            R"("\xFFa\x80")");
  EXPECT_EQ(shown("\xED\xA0\x80"), R"("\xED\xA0\x80")");  // a surrogate is none
  EXPECT_EQ(harmless("a\"\x1b"), R"(a\"\u{1B})");
}

TEST(Shown, NothingSteersTheTerminal) {
  EXPECT_EQ(shown("\033[31m"), R"("\u{1B}[31m")");
  EXPECT_EQ(shown(std::string_view("\0\r\x7f", 3)), R"("\u{0}\u{D}\u{7F}")");
  EXPECT_EQ(shown("\xC2\x9B"), R"("\u{9B}")");
  for (const char32_t c : {0x200Bu, 0x200Du, 0x200Eu, 0x200Fu, 0x2028u, 0x2029u, 0x202Au, 0x202Bu, 0x202Cu, 0x202Du,
                           0x202Eu, 0x2060u, 0x2066u, 0x2067u, 0x2068u, 0x2069u, 0x061Cu, 0xFEFFu}) {
    const std::string utf8 = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
                              static_cast<char>(0x80 | (c & 0x3F))};
    const std::string bytes =
        c < 0x800 ? std::string{static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))} : utf8;
    EXPECT_EQ(shown(bytes), fmt::format("\"\\u{{{:X}}}\"", static_cast<unsigned>(c)));
  }
  EXPECT_EQ(shown("\xF3\xA0\x80\x81"), R"("\u{E0001}")");  // a tag
}

// Every character, and every pair of bytes: valid UTF-8 without a control character comes out.
TEST(Shown, IsAlwaysHarmlessText) {
  const auto check = [](const std::string& bytes) {
    const std::string text = shown(bytes);
    ASSERT_TRUE(is_valid_utf8(text));
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      ASSERT_TRUE(byte >= 0x20 && byte != 0x7F);
      ASSERT_FALSE(byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    }
  };
  for (int a = 0; a < 256; ++a) {
    check({static_cast<char>(a)});
    for (int b = 0; b < 256; ++b) check({static_cast<char>(a), static_cast<char>(b)});
  }
}

TEST(Columns, OfATerminal) {
  const struct {
    const char* text;
    int columns;
  } cases[] = {{"", 0},     {"abc", 3}, {"é", 1},  {"e\u0301", 1}, {"灯台", 4}, {"ｱ", 1},   {"Ａ", 2},
               {"한국", 4}, {"🌊", 2},  {"✅", 2}, {"⚡", 2},      {"⭐", 2},   {"☕", 2},  {"✓", 1},
               {"█▏▐", 3},  {"…", 1},   {"↵", 1},  {"·", 1},       {"ไม่", 2},   {"👍🏽", 2}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(columns(text), expected) << text;
}

// The C library has tables of its own; what it does not know yet (-1) says nothing.
TEST(Columns, AgreeWithTheCLibrary) {
  const char* before = setlocale(LC_CTYPE, "C.UTF-8");
  if (!before) GTEST_SKIP() << "no C.UTF-8 here";
  int compared = 0, different = 0;
  for (char32_t c = 0x20; c < 0x30000; ++c) {
    const int expected = wcwidth(static_cast<wchar_t>(c));
    const bool is_surrogate = c >= 0xD800 && c < 0xE000;
    if (expected < 0 || is_surrogate || c == 0xAD) continue;
    if (c >= 0x1F3FB && c <= 0x1F3FF) continue;  // skin colours: of width 2 only where they stand alone
    std::string utf8;
    if (c < 0x80)
      utf8 = {static_cast<char>(c)};
    else if (c < 0x800)
      utf8 = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    else if (c < 0x10000)
      utf8 = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    else
      utf8 = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | ((c >> 12) & 0x3F)),
              static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    ++compared;
    if (columns(utf8) != expected && ++different < 10)
      ADD_FAILURE() << fmt::format("U+{:X}: {} columns, {} to the C library", static_cast<unsigned>(c), columns(utf8),
                                   expected);
  }
  setlocale(LC_CTYPE, "C");
  EXPECT_GT(compared, 100'000);
  EXPECT_EQ(different, 0);
}

TEST(Columns, OfMarksAndOfEmojiWithSkinColours) {
  EXPECT_EQ(columns("\u0928\u092E\u0938\u094D\u0924\u0947"), 4);  // Hindi: two of six are drawn onto others
  EXPECT_EQ(columns("\u05E9\u05B8\u05DC\u05D5\u05B9\u05DD"), 4);  // pointed Hebrew
  EXPECT_EQ(columns("\u1112\u1161\u11AB"), 2);                    // a Hangul syllable in parts
  EXPECT_EQ(columns("\U0001F321"), 1);                            // an emoji that is text by default
  EXPECT_EQ(columns("\U0001F3FD"), 2);
  EXPECT_EQ(columns("\U0001F44D\U0001F3FD"), 2);
  EXPECT_EQ(columns("\u0903"), 1);  // a mark with a width of its own
}

TEST(Columns, BeginningAndEndThatFit) {
  EXPECT_EQ(first_columns("灯台守", 5), "灯台");
  EXPECT_EQ(first_columns("e\u0301f", 1), "e\u0301");
  EXPECT_EQ(last_columns("灯台守", 5), "台守");
  EXPECT_EQ(last_columns("ae\u0301f", 2), "e\u0301f");
  EXPECT_EQ(last_columns("e\u0301f", 1), "f");  // no mark without what it is drawn onto
  EXPECT_EQ(fit_end("abc", 3), "abc");
  EXPECT_EQ(fit_end("abcd", 3), "…cd");
  EXPECT_EQ(fit_end("abcd", 0), "");
  EXPECT_EQ(fit("abcd", 0), "");
}

TEST(Wrap, BreaksAtBlanks) {
  EXPECT_EQ(wrap("one two three", 80), "one two three");
  EXPECT_EQ(wrap("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrap("one two three", 8), "one two\nthree");
  EXPECT_EQ(wrap("one two three four", 26, 2), "one two three four");
  EXPECT_EQ(wrap("one two three four five six", 22, 2), "one two three four\n  five six");
  EXPECT_EQ(wrap("abcdefgh ij", 4), "abcd\nefgh\nij");
  EXPECT_EQ(wrap("a\n\nb c", 3), "a\n\nb c");
  EXPECT_EQ(wrap("灯台守", 5), "灯台\n守");
}

TEST(Fit, IsExactlyAsWide) {
  EXPECT_EQ(fit("abc", 5), "abc  ");
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("abcd", 3), "ab…");
  EXPECT_EQ(fit("灯台守", 6), "灯台守");
  EXPECT_EQ(fit("灯台守", 5), "灯台…");
  EXPECT_EQ(fit("灯台守", 4), "灯… ");  // half a character does not fit
  EXPECT_EQ(fit("", 2), "  ");
  EXPECT_EQ(fit_right("abc", 5), "  abc");
  EXPECT_EQ(fit_right("灯", 3), " 灯");
  EXPECT_EQ(fit_right("abcd", 3), "ab…");
  for (const char* text : {"", "a", "灯台守の灯", "a灯b台c", "e\u0301e\u0301e\u0301", "🌊🌊🌊", "\\u{202E}abcdefgh"}) {
    for (int width = 1; width < 12; ++width) {
      EXPECT_EQ(columns(fit(text, width)), width) << text << " " << width;
      EXPECT_EQ(columns(fit_right(text, width)), width) << text << " " << width;
      EXPECT_TRUE(is_valid_utf8(fit(text, width)));
    }
  }
}

TEST(Bar, ByEighths) {
  EXPECT_EQ(bar(0, 4), "");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(.5, 4), "██");
  EXPECT_EQ(bar(.53125, 4), "██▏");
  EXPECT_EQ(bar(.96875, 4), "███▉");
  EXPECT_EQ(bar(1e-12, 4), "▏");  // something is there
  EXPECT_EQ(bar(-1, 4), "");
  EXPECT_EQ(bar(7, 4), "████");
  for (int i = 0; i <= 1000; ++i) EXPECT_LE(columns(bar(i / 1000.0, 7)), 7);
}

TEST(Bar, LeftwardsByHalves) {
  EXPECT_EQ(bar_leftwards(0, 4), "    ");
  EXPECT_EQ(bar_leftwards(1, 4), "████");
  EXPECT_EQ(bar_leftwards(.5, 4), "  ██");
  EXPECT_EQ(bar_leftwards(.625, 4), " ▐██");
  EXPECT_EQ(bar_leftwards(1e-12, 4), "   ▐");
  for (int i = 0; i <= 1000; ++i) EXPECT_EQ(columns(bar_leftwards(i / 1000.0, 7)), 7);
}

}  // namespace
}  // namespace decant
