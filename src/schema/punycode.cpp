#include "schema/punycode.h"

#include <algorithm>

namespace decant {
namespace {

constexpr unsigned kBase = 36, kLeast = 1, kMost = 26, kSkew = 38, kDamp = 700, kFirstBias = 72;  // section 5

char digit(unsigned value) { return static_cast<char>(value < 26 ? 'a' + value : '0' + value - 26); }

std::string number(unsigned rest, unsigned bias) {  // section 6.3
  std::string result;
  for (unsigned k = kBase;; k += kBase) {
    const unsigned threshold = k <= bias ? kLeast : std::min(k - bias, kMost);
    if (rest < threshold) return result + digit(rest);
    result += digit(threshold + (rest - threshold) % (kBase - threshold));
    rest = (rest - threshold) / (kBase - threshold);
  }
}

unsigned adapted(unsigned delta, unsigned points, bool first) {  // section 6.1
  delta /= first ? kDamp : 2;
  delta += delta / points;
  unsigned k = 0;
  for (; delta > (kBase - kLeast) * kMost / 2; k += kBase) delta /= kBase - kLeast;
  return k + (kBase - kLeast + 1) * delta / (delta + kSkew);
}

}  // namespace

std::string punycode(const std::u32string& label) {
  std::string result;
  for (const char32_t c : label) {
    if (c < 0x80) result += static_cast<char>(c);
  }
  const auto basic = static_cast<unsigned>(result.size());
  if (basic > 0) result += '-';
  unsigned done = basic, delta = 0, bias = kFirstBias;
  for (char32_t n = 0x80; done < label.size(); ++n, ++delta) {
    char32_t least = 0x10FFFF;
    for (const char32_t c : label) least = c >= n ? std::min(least, c) : least;
    delta += static_cast<unsigned>(least - n) * (done + 1);
    n = least;
    for (const char32_t c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      result += number(delta, bias);
      bias = adapted(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    }
  }
  return result;
}

}  // namespace decant
