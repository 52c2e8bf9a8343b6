#include "schema/number_gbnf.h"

#include <algorithm>
#include <charconv>
#include <compare>

#include "schema/automaton_gbnf.h"

namespace decant {
namespace {

constexpr int kMaxIntegerDigits = 21;  // up to which JavaScript, too, writes a number plainly
constexpr int kMaxBeforeExponent = 3;  // digits before the point
constexpr int kLeastExponent = -330;   // below, all is zero in double precision
constexpr int kMostExponent = 308;     // of the first digit: above, nothing is finite
constexpr int kMaxExponentDigits = 3;
constexpr int kMoreDigits = 16;

// 0.DIGITS * 10^point, without zeros at either end of the digits; none of them for zero.
struct Magnitude {
  std::string digits;
  int point = 0;
};

struct Signed {
  bool negative = false;
  Magnitude magnitude;
};

Signed parse(std::string_view text) {
  Signed result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  auto& [digits, point] = result.magnitude;
  if (e < text.size()) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), point);
  }
  const std::string_view mantissa = text.substr(0, e);
  point += static_cast<int>(std::min(mantissa.find('.'), mantissa.size()));
  std::copy_if(mantissa.begin(), mantissa.end(), std::back_inserter(digits), [](char c) { return c != '.'; });
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  point -= static_cast<int>(zeros);
  digits.erase(digits.find_last_not_of('0') + 1);
  return result;
}

// What the bounds say of the magnitudes of one sign.
struct Limit {
  Magnitude magnitude;
  bool exclusive;
};

struct Limits {
  bool impossible = false;
  std::optional<Limit> low, high;

  bool zero() const {
    if (impossible) return false;
    const bool above = !low || (low->magnitude.digits.empty() && !low->exclusive);
    return above && (!high || !high->magnitude.digits.empty() || !high->exclusive);
  }
};

Limits limits_of(const std::optional<Bound>& minimum, const std::optional<Bound>& maximum, bool negative) {
  Limits result;
  const auto& near = negative ? maximum : minimum;
  const auto& far = negative ? minimum : maximum;
  if (near) {
    const Signed bound = parse(near->number);
    const bool beyond_zero = bound.negative != negative && !bound.magnitude.digits.empty();
    if (!beyond_zero) result.low = {bound.magnitude, near->exclusive};
  }
  if (far) {
    const Signed bound = parse(far->number);
    result.impossible = bound.negative != negative && !bound.magnitude.digits.empty();
    result.high = {bound.magnitude, far->exclusive};
  }
  return result;
}

// Reads a number from left to right. What is kept of it: how its digits compare with those of the limits so far, how
// many there are while that matters, and where the point is.
struct Reading {
  enum Phase : char { start, sign, zero, whole, point, zeros, decimals, exponent, exponent_sign, exponent_digits };

  Phase phase = start;
  bool negative = false;
  int digits = 0;             // read of those that the limits have, zeros at the beginning left out
  int place = 0;              // of the point: behind so many digits, or before so many zeros if negative
  int low = 0, high = 0;      // the digits compared with the limits': less, the same so far, greater
  int least = 0, most = 0;    // exponents that are allowed; then, of the sign that was read, their magnitudes
  int length = 0, value = 0;  // of the exponent

  auto operator<=>(const Reading&) const = default;
};

class NumberReader {
 public:
  NumberReader(const std::optional<Bound>& minimum, const std::optional<Bound>& maximum, bool integer)
      : limits_{limits_of(minimum, maximum, false), limits_of(minimum, maximum, true)}, integer_(integer) {
    for (const Limits& limits : limits_) {
      for (const auto* limit : {&limits.low, &limits.high}) {
        if (!*limit || (*limit)->magnitude.digits.empty()) continue;
        longest_ = std::max(longest_, static_cast<int>((*limit)->magnitude.digits.size()));
        most_whole_ = std::max(most_whole_, (*limit)->magnitude.point + 1);
        most_zeros_ = std::max(most_zeros_, 1 - (*limit)->magnitude.point);
      }
    }
  }

  static Alphabet alphabet() {
    std::vector<CodePointSet> sets = {{{U'+', U'+'}}, {{U'-', U'-'}}, {{U'.', U'.'}}, {{U'E', U'E'}, {U'e', U'e'}}};
    for (char32_t c = U'0'; c <= U'9'; ++c) sets.push_back({{c, c}});
    return Alphabet(sets);
  }

  std::optional<Reading> step(const Reading& at, char32_t c) const {
    if (U'0' <= c && c <= U'9') return digit(at, static_cast<int>(c - U'0'));
    Reading next = at;
    if (c == U'-' && at.phase == Reading::start) {
      next.phase = Reading::sign;
      next.negative = true;
      return next;
    }
    if (c == U'.' && !integer_ && (at.phase == Reading::zero || at.phase == Reading::whole)) {
      next.phase = Reading::point;
      return next;
    }
    if (c == U'E' && !integer_) return before_exponent(at);
    if ((c == U'-' || c == U'+') && at.phase == Reading::exponent) return with_sign(at, c == U'-');
    return std::nullopt;
  }

  bool accepts(const Reading& at) const {
    switch (at.phase) {
      case Reading::zero:
      case Reading::zeros:
        return limits(at).zero();
      case Reading::whole:
      case Reading::decimals: {
        const auto [least, most] = exponents(at);
        return least <= 0 && 0 <= most;
      }
      case Reading::exponent_digits:
        return at.least <= at.value && at.value <= at.most;
      default:
        return false;
    }
  }

 private:
  const Limits& limits(const Reading& at) const { return limits_[at.negative ? 1 : 0]; }

  std::optional<Reading> digit(Reading at, int digit) const {
    switch (at.phase) {
      case Reading::start:
      case Reading::sign:
        if (limits(at).impossible) return std::nullopt;
        at.phase = digit == 0 ? Reading::zero : Reading::whole;
        return digit == 0 ? std::optional(at) : whole(at, digit);
      case Reading::whole:
        return whole(at, digit);
      case Reading::point:
      case Reading::zeros:
      case Reading::decimals:
        return decimal(at, digit);
      case Reading::exponent:
        return digit_of_exponent(*with_sign(at, false), digit);
      case Reading::exponent_sign:
      case Reading::exponent_digits:
        return digit_of_exponent(at, digit);
      default:
        return std::nullopt;
    }
  }

  std::optional<Reading> whole(Reading at, int digit) const {
    if (at.place >= kMaxIntegerDigits) return std::nullopt;
    at.place = std::min(at.place + 1, std::max(most_whole_, kMaxBeforeExponent + 1));
    return compared(at, digit);
  }

  std::optional<Reading> decimal(Reading at, int digit) const {
    const bool is_zero = at.place == 0 && at.digits == 0 && at.low == 0 && at.high == 0;
    if (at.phase == Reading::decimals || (at.phase == Reading::point && at.place > 0)) {
      at.phase = Reading::decimals;
      return compared(at, digit);
    }
    if (digit == 0 && (is_zero || at.phase == Reading::zeros)) {
      at.phase = Reading::zeros;
      at.place = std::max(at.place - 1, -most_zeros_);
      return at;
    }
    at.phase = Reading::decimals;
    return compared(at, digit);
  }

  // With one more digit of the number, all before being the first ones of the limits' unless said otherwise.
  Reading compared(Reading at, int digit) const {
    const auto compare = [&](int so_far, const std::optional<Limit>& limit) {
      if (so_far != 0 || !limit) return so_far;
      const std::string& digits = limit->magnitude.digits;
      const auto i = static_cast<std::size_t>(at.digits);
      const int other = i < digits.size() ? digits[i] - '0' : 0;
      return digit < other ? -1 : digit > other ? 1 : 0;
    };
    at.low = compare(at.low, limits(at).low);
    at.high = compare(at.high, limits(at).high);
    at.digits = std::min(at.digits + 1, longest_ + 1);
    return at;
  }

  // The exponents with which a number that is not zero is between the limits.
  std::pair<int, int> exponents(const Reading& at) const {
    const Limits& limits = this->limits(at);
    int least = kLeastExponent, most = kMostExponent - at.place;
    const auto compared_to = [&](int so_far, const Limit& limit) {  // where the points are at the same place
      return so_far == 0 && at.digits < static_cast<int>(limit.magnitude.digits.size()) ? -1 : so_far;
    };
    if (limits.low && !limits.low->magnitude.digits.empty()) {
      const int order = compared_to(at.low, *limits.low);
      const bool reaches = order > 0 || (order == 0 && !limits.low->exclusive);
      least = std::max(least, limits.low->magnitude.point - at.place + (reaches ? 0 : 1));
    }
    if (limits.high && limits.high->magnitude.digits.empty()) return {1, 0};
    if (limits.high) {
      const int order = compared_to(at.high, *limits.high);
      const bool stays = order < 0 || (order == 0 && !limits.high->exclusive);
      most = std::min(most, limits.high->magnitude.point - at.place - (stays ? 0 : 1));
    }
    return {least, most};
  }

  std::optional<Reading> before_exponent(const Reading& at) const {
    Reading next{.phase = Reading::exponent, .least = kLeastExponent, .most = kMostExponent};
    if (at.phase == Reading::zero || at.phase == Reading::zeros) {
      return limits(at).zero() ? std::optional(next) : std::nullopt;
    }
    const bool whole = at.phase == Reading::whole || at.phase == Reading::decimals;
    if (!whole || at.place < 0 || at.place > kMaxBeforeExponent) return std::nullopt;
    const auto [least, most] = exponents(at);
    next.least = least, next.most = most;
    return least <= most ? std::optional(next) : std::nullopt;
  }

  static std::optional<Reading> with_sign(Reading at, bool negative) {
    at.phase = Reading::exponent_sign;
    if (negative) at = {.phase = at.phase, .least = -at.most, .most = -at.least};
    at.least = std::max(at.least, 0);
    return at;
  }

  static std::optional<Reading> digit_of_exponent(Reading at, int digit) {
    at.phase = Reading::exponent_digits;
    at.value = at.value * 10 + digit;
    if (++at.length > kMaxExponentDigits || at.value > at.most) return std::nullopt;
    return at;
  }

  Limits limits_[2];  // of positive and of negative numbers
  bool integer_;
  int longest_ = 0;     // digits of a limit
  int most_whole_ = 1;  // digits before the point with which a number is greater than every limit
  int most_zeros_ = 1;  // behind "0." with which it is less
};

}  // namespace

Dfa number_automaton(const std::optional<Bound>& minimum, const std::optional<Bound>& maximum, bool integer) {
  const NumberReader reader(minimum, maximum, integer);
  const Alphabet alphabet = NumberReader::alphabet();
  return Dfa::explored(
      alphabet, Reading(),
      [&](const Reading& at, int letter) { return reader.step(at, alphabet.characters(letter).front().first); },
      [&](const Reading& at) { return reader.accepts(at); });
}

Dfa multiples_automaton(long divisor) {
  const Alphabet alphabet = NumberReader::alphabet();
  struct State {
    enum Phase : char { start, sign, zero, digits } phase = start;
    long rest = 0;
    auto operator<=>(const State&) const = default;
  };
  const auto step = [&](const State& at, int letter) -> std::optional<State> {
    const char32_t c = alphabet.characters(letter).front().first;
    if (c == U'-' && at.phase == State::start) return State{State::sign, 0};
    if (c < U'0' || c > U'9' || at.phase == State::zero) return std::nullopt;
    if (c == U'0' && at.phase != State::digits) return State{State::zero, 0};
    return State{State::digits, (at.rest * 10 + static_cast<long>(c - U'0')) % divisor};
  };
  return Dfa::explored(alphabet, State(), step,
                       [](const State& at) { return at.phase >= State::zero && at.rest == 0; });
}

std::string numbers_gbnf(const Dfa& dfa, GbnfRules& rules) {
  return automaton_gbnf(dfa, plain_character, rules, kMoreDigits);
}

}  // namespace decant
