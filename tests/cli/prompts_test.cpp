#include "cli/prompts.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace decant {
namespace {

using Texts = std::vector<std::string>;

Texts parse(std::string_view text) {
  const PromptList list(text, "FILE");
  Texts texts;
  for (std::size_t i = 0; i < list.size(); ++i) {
    texts.push_back(list.at(i));
    EXPECT_LE(texts[i].size(), list.most_bytes(i));
  }
  return texts;
}

std::string complaint(std::string_view text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return error.what();
  }
  return "none";
}

TEST(Prompts, OneALine) {
  EXPECT_EQ(parse("The sky is\n\n  indented \r\n \t\nlast"), (Texts{"The sky is", "  indented ", "last"}));
  EXPECT_EQ(parse("{not JSON\n{}x"), (Texts{"{not JSON", "{}x"}));
}

TEST(Prompts, JsonLines) {
  EXPECT_EQ(parse("{\"prompt\":\"a\\nb\",\"id\":1}\n\n{\"prompt\":\"\xC3\xA9\"}\n"), (Texts{"a\nb", "\xC3\xA9"}));
  EXPECT_EQ(complaint("{\"prompt\":\"a\"}\nb"),
            "FILE line 2 is no JSON object with a text \"prompt\", as the first line is");
  EXPECT_EQ(complaint("{\"text\":\"a\"}"),
            "FILE line 1 is no JSON object with a text \"prompt\", as the first line is");
  EXPECT_EQ(complaint("{\"prompt\":\"\"}"), "FILE line 1: the prompt is empty: there is nothing to continue");
}

TEST(Prompts, NoneAtAll) {
  for (const char* text : {"", "\n", " \n\t\r\n"}) {
    EXPECT_EQ(complaint(text), "FILE has no prompt: write one a line, or JSON Lines with \"prompt\"");
  }
  EXPECT_EQ(complaint("ab\xFF"), "FILE is not UTF-8: byte 2 (0xff) is part of no character; convert it first");
}

}  // namespace
}  // namespace decant
