#include "schema/number_gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace decant {
namespace {

constexpr int kDigits = 15;     // that a double keeps apart
constexpr int kMaxDigits = 18;  // that a std::int64_t has room for
constexpr int kMoreDecimals = 4;

std::int64_t power_of_ten(int n) { return n == 0 ? 1 : 10 * power_of_ten(n - 1); }

// number = sign * digits * 10^exponent, without zeros at the end of `digits`; "" for zero.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;

  int decimals() const { return std::max(0, -exponent); }
};

Decimal parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  if (e < text.size()) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.exponent);
  }
  for (std::size_t i = 0, point = e; i < e; ++i) {
    if (text[i] == '.') {
      point = i;
      continue;
    }
    result.digits += text[i];
    if (i > point) --result.exponent;
  }
  result.digits.erase(0, result.digits.find_first_not_of('0'));
  while (result.digits.ends_with('0')) {
    result.digits.pop_back();
    ++result.exponent;
  }
  return result;
}

// The bound in units of 10^-scale, rounded inwards (`up` for a minimum); limits at about 10^18.
std::int64_t scaled(const Decimal& number, int scale, bool up) {
  const std::int64_t limit = power_of_ten(kMaxDigits);
  if (number.digits.empty()) return 0;
  const int shift = number.exponent + scale;
  const int size = static_cast<int>(std::min<std::size_t>(number.digits.size(), 400)) + shift;  // digits of the result
  const std::int64_t sign = number.negative ? -1 : 1;
  if (size > kMaxDigits) return sign * limit;
  std::string kept = size > 0 ? number.digits.substr(0, static_cast<std::size_t>(size)) : "";
  if (size > 0) kept.resize(static_cast<std::size_t>(size), '0');
  std::int64_t magnitude = 0;
  if (!kept.empty()) std::from_chars(kept.data(), kept.data() + kept.size(), magnitude);
  const bool cut = shift < 0;  // the digits behind are not all zero: `digits` ends in another one
  if (cut && up != number.negative) ++magnitude;
  return sign * magnitude;
}

std::string join(const std::vector<std::string>& alternatives) {
  return fmt::format("{}", fmt::join(alternatives, " | "));
}

std::string count_digits(int least, int most) {
  if (most == 0) return "";
  return least == most && least == 1 ? "[0-9] " : fmt::format("[0-9]{{{},{}}} ", least, most);
}

// The strings of digits between two of the same length, with a point before the last `scale` of them.
class DigitRange {
 public:
  DigitRange(std::string from, std::string to, int scale)
      : from_(std::move(from)), to_(std::move(to)), point_(from_.size() - static_cast<std::size_t>(scale)) {}

  std::string gbnf() const {
    std::string result;
    std::size_t i = 0;
    for (; i < from_.size() && from_[i] == to_[i]; ++i) result += digit(i, from_[i], from_[i]);
    if (i == from_.size()) return result;
    if (from_.find_first_not_of('0', i + 1) == from_.npos && to_.find_first_not_of('9', i + 1) == to_.npos) {
      return result + digit(i, from_[i], to_[i]) + any(i + 1);
    }
    std::vector<std::string> alternatives = {digit(i, from_[i], from_[i]) + at_least(i + 1)};
    if (to_[i] - from_[i] > 1) {
      alternatives.push_back(digit(i, next(from_[i], 1), next(to_[i], -1)) + any(i + 1));
    }
    alternatives.push_back(digit(i, to_[i], to_[i]) + at_most(i + 1));
    return result + '(' + join(alternatives) + ") ";
  }

 private:
  static char next(char c, int step) { return static_cast<char>(c + step); }

  std::string digit(std::size_t i, char first, char last) const {
    const std::string point = i == point_ ? "\".\" " : "";
    return point + (first == last ? fmt::format("[{}] ", first) : fmt::format("[{}-{}] ", first, last));
  }
  std::string any(std::size_t i) const {
    const int all = static_cast<int>(from_.size() - i), behind = std::min(all, static_cast<int>(from_.size() - point_));
    return count_digits(all - behind, all - behind) + (behind > 0 && i <= point_ ? "\".\" " : "") +
           count_digits(behind, behind);
  }
  std::string at_least(std::size_t i) const {
    if (from_.find_first_not_of('0', i) == from_.npos) return any(i);
    const std::string same = digit(i, from_[i], from_[i]) + at_least(i + 1);
    if (from_[i] == '9') return same;
    return '(' + same + "| " + digit(i, next(from_[i], 1), '9') + any(i + 1) + ") ";
  }
  std::string at_most(std::size_t i) const {
    if (to_.find_first_not_of('9', i) == to_.npos) return any(i);
    const std::string same = digit(i, to_[i], to_[i]) + at_most(i + 1);
    if (to_[i] == '0') return same;
    return '(' + same + "| " + digit(i, '0', next(to_[i], -1)) + any(i + 1) + ") ";
  }

  std::string from_, to_;
  std::size_t point_;
};

// Magnitudes first..last in units of 10^-scale, and behind each `tail(number of digits)`.
template <class F>
void add_magnitudes(const std::string& sign, std::int64_t first, std::int64_t last, int scale, F tail,
                    std::vector<std::string>& out) {
  while (first <= last) {
    std::string from = std::to_string(first);
    if (std::ssize(from) <= scale) from.insert(0, static_cast<std::size_t>(scale) + 1 - from.size(), '0');
    const int size = static_cast<int>(from.size());
    const std::optional<std::string> more = tail(size);
    std::int64_t end = std::min(last, power_of_ten(size) - 1);
    std::string digits;
    if (first == power_of_ten(size - 1) && end == power_of_ten(size) - 1) {
      int longest = size;  // up to which all numbers of as many digits are meant
      while (longest < kMaxDigits && last >= power_of_ten(longest + 1) - 1 && tail(longest + 1) == more) ++longest;
      end = power_of_ten(longest) - 1;
      digits = "[1-9] " + count_digits(size - scale - 1, longest - scale - 1);
      if (scale > 0) digits += "\".\" " + count_digits(scale, scale);
    } else {
      std::string to = std::to_string(end);
      to.insert(0, from.size() - to.size(), '0');
      digits = DigitRange(from, to, scale).gbnf();
    }
    if (more) out.push_back(sign + digits + *more);
    first = end + 1;
  }
}

// f(sign, first, last) for the negative and the other numbers of an interval.
template <class F>
void by_sign(std::int64_t low, std::int64_t high, F f) {
  if (low > high) return;
  if (low < 0) f("\"-\" ", std::max<std::int64_t>(0, -high), -low);
  if (high >= 0) f("", std::max<std::int64_t>(0, low), high);
}

struct Interval {
  std::int64_t low, high;
};

Interval interval(const std::optional<Bound>& minimum, const std::optional<Bound>& maximum, int scale, int digits) {
  const std::int64_t most = power_of_ten(digits) - 1;
  Interval result{-most, most};
  const auto on_the_grid = [scale](const Decimal& number) {
    return number.digits.empty() || number.decimals() <= scale;
  };
  if (minimum) {
    const Decimal number = parse(minimum->number);
    result.low =
        std::max(result.low, scaled(number, scale, true) + (minimum->exclusive && on_the_grid(number) ? 1 : 0));
  }
  if (maximum) {
    const Decimal number = parse(maximum->number);
    result.high =
        std::min(result.high, scaled(number, scale, false) - (maximum->exclusive && on_the_grid(number) ? 1 : 0));
  }
  return result;
}

std::optional<std::string> nothing_more(int) { return ""; }

void add_integers(Interval all, std::vector<std::string>& out) {
  by_sign(all.low, all.high, [&out](const std::string& sign, std::int64_t first, std::int64_t last) {
    add_magnitudes(sign, first, last, 0, nothing_more, out);
  });
}

std::optional<std::string> choice(const std::vector<std::string>& alternatives) {
  if (alternatives.empty()) return std::nullopt;
  return '(' + join(alternatives) + ')';
}

}  // namespace

std::optional<std::string> integer_gbnf(std::optional<Bound> minimum, std::optional<Bound> maximum) {
  std::vector<std::string> out;
  add_integers(interval(minimum, maximum, 0, kMaxDigits), out);
  return choice(out);
}

// Integers; decimals up to those of the bounds; and between two neighbours on that grid, more decimals.
std::optional<std::string> number_gbnf(std::optional<Bound> minimum, std::optional<Bound> maximum) {
  int scale = 0;
  bool exclusive = false;
  for (const auto& bound : {minimum, maximum}) {
    if (!bound) continue;
    scale = std::max(scale, parse(bound->number).decimals());
    exclusive |= bound->exclusive;
  }
  scale = std::clamp(scale + (exclusive ? 2 : 0), 1, kDigits - 5);
  const Interval grid = interval(minimum, maximum, scale, kDigits);
  if (grid.low > grid.high) return std::nullopt;

  std::vector<std::string> out;
  add_integers(interval(minimum, maximum, 0, kDigits), out);
  for (int decimals = 1; decimals <= scale; ++decimals) {
    const Interval coarse = interval(minimum, maximum, decimals, kDigits);
    by_sign(coarse.low, coarse.high, [&](const std::string& sign, std::int64_t first, std::int64_t last) {
      add_magnitudes(sign, first, last, decimals, nothing_more, out);
    });
  }
  by_sign(grid.low, grid.high, [&](const std::string& sign, std::int64_t first, std::int64_t last) {
    const auto more_decimals = [](int digits) -> std::optional<std::string> {
      const int room = std::min(kMoreDecimals, kDigits - digits);
      if (room < 1) return std::nullopt;
      return fmt::format("[0-9]{{1,{}}}", room);
    };
    add_magnitudes(sign, first, last - 1, scale, more_decimals, out);
  });
  return choice(out);
}

}  // namespace decant
