#include "base/utf8_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace decant {
namespace {

// Every sequence of up to four bytes out of those around the borders of UTF-8, against the checker of whole texts.
TEST(Utf8Reader, TakesWhatIsUtf8) {
  const unsigned char bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  int characters = 0;
  const auto visit = [&](auto& self, const Utf8Reader& before, const std::string& text) -> void {
    for (const unsigned char byte : bytes) {
      Utf8Reader reader = before;
      const std::string longer = text + static_cast<char>(byte);
      const Utf8Reader::Result result = reader.push(byte);
      ASSERT_EQ(result == Utf8Reader::Result::character, is_valid_utf8(longer)) << longer.size();
      if (result == Utf8Reader::Result::character) ++characters;
      if (result != Utf8Reader::Result::more) continue;
      ASSERT_LT(longer.size(), 4u);
      ASSERT_LE(reader.possible().first, reader.possible().last);
      self(self, reader, longer);
    }
  };
  visit(visit, {}, "");
  EXPECT_GT(characters, 800);
}

}  // namespace
}  // namespace decant
