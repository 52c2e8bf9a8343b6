#include "grammar/unique_items.h"

#include <algorithm>
#include <cstdlib>

namespace decant {
namespace {

using Value = std::shared_ptr<const JsonValue>;

bool is_digit(char32_t c) { return U'0' <= c && c <= U'9'; }
bool is_plain(char32_t c) {
  return is_digit(c) || (U'a' <= c && c <= U'z') || c == U'E' || c == U'-' || c == U'+' || c == U'.';
}
bool is_number(std::u32string_view text) { return !text.empty() && (text[0] == U'-' || is_digit(text[0])); }

// A number, or the beginning of one: digits without the zeros in front, and the power of ten of the last one.
struct Decimal {
  bool negative = false, has_exponent = false;
  std::u32string digits;
  long power = 0;

  explicit Decimal(std::u32string_view text) {
    std::size_t at = text[0] == U'-' ? 1 : 0;
    negative = at == 1;
    for (bool behind_point = false; at < text.size() && text[at] != U'e' && text[at] != U'E'; ++at) {
      if (text[at] == U'.') {
        behind_point = true;
        continue;
      }
      power -= behind_point ? 1 : 0;
      if (!digits.empty() || text[at] != U'0') digits += text[at];
    }
    has_exponent = at < text.size();
    if (has_exponent)
      power += std::strtol(std::string(text.begin() + static_cast<long>(at) + 1, text.end()).c_str(), nullptr, 10);
  }
};

Value number(std::u32string_view text) {
  Decimal read(text);
  while (!read.digits.empty() && read.digits.back() == U'0') {
    read.digits.pop_back();
    ++read.power;
  }
  std::u32string same = read.negative && !read.digits.empty() ? U"-" : U"+";
  same += read.digits;
  if (!read.digits.empty()) {
    const std::string power = 'e' + std::to_string(read.power);
    same.append(power.begin(), power.end());
  }
  return std::make_shared<JsonValue>(JsonValue{JsonValue::number, same, read.digits});
}

// A number under way, the same for those of which the same can become.
std::u32string number_key(const std::u32string& text) {
  const std::size_t exponent = text.find_first_of(U"eE");
  if (exponent == text.npos) return text;
  const Value before = number(std::u32string_view(text).substr(0, exponent));
  return before->text + U'E' + (before->content.empty() ? U"" : text.substr(exponent + 1));
}

std::u32string in_quotes(std::u32string_view content) {
  std::u32string result = U"\"";
  for (const char32_t c : content) {
    if (c == U'"' || c == U'\\') result += U'\\';
    result += c;
  }
  return result + U'"';
}

Value string(const std::u32string& content) {
  return std::make_shared<JsonValue>(JsonValue{JsonValue::string, in_quotes(content), content});
}

Value array(const std::vector<Value>& items) {
  std::u32string text = U"[";
  for (const Value& item : items) text += item->text + U',';
  return std::make_shared<JsonValue>(JsonValue{JsonValue::array, text + U']', {}, items});
}

Value object(std::vector<std::pair<std::u32string, Value>> members) {
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::u32string text = U"{";
  for (const auto& [name, value] : members) text += in_quotes(name) + U':' + value->text + U',';
  return std::make_shared<JsonValue>(JsonValue{JsonValue::object, text + U'}', {}, {}, std::move(members)});
}

template <class Members>
Value member(const Members& members, std::u32string_view name) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const auto& each) { return each.first == name; });
  return found == members.end() ? nullptr : found->second;
}

}  // namespace

UniqueItems::UniqueItems() {
  frames_.push_back({.unique = true, .items = std::make_shared<const std::vector<Value>>()});
}

bool UniqueItems::push(char32_t c, bool unique) {
  if (!read(c, unique)) return false;
  for (std::size_t depth = 0; depth < frames_.size(); ++depth) {
    const auto& items = frames_[depth].items;
    std::erase_if(frames_[depth].candidates, [&](std::size_t item) { return !may_become(depth + 1, *(*items)[item]); });
  }
  return true;
}

bool UniqueItems::read(char32_t c, bool unique) {
  if (scalar_ == Scalar::name || scalar_ == Scalar::string) return read_string(c);
  if (is_plain(c)) {
    scalar_ = Scalar::plain;
    text_ += c;
    return true;
  }
  if (scalar_ == Scalar::plain && !end_plain()) return false;
  Frame& frame = frames_.back();
  switch (c) {
    case U'"':
      scalar_ = frame.is_array || frame.has_name ? Scalar::string : Scalar::name;
      return true;
    case U'[':
      frames_.push_back({.unique = unique, .items = std::make_shared<const std::vector<Value>>()});
      return true;
    case U'{':
      frames_.push_back({.is_array = false});
      return true;
    case U',':
      frame.wants_more = true;
      if (!frame.unique) return true;
      for (std::size_t i = 0; i < frame.items->size(); ++i) frame.candidates.push_back(i);
      return true;
    case U']':
    case U'}':
      return close();
    default:  // a blank, or a colon
      return true;
  }
}

// ---- scalars --------------------------------------------------------------------------------------------------------

bool UniqueItems::read_string(char32_t c) {
  if (escape_ > 0) {
    unescape(c);
    return true;
  }
  if (c == U'\\') {
    escape_ = 1;
    return true;
  }
  if (c != U'"') {
    add(c);
    return true;
  }
  if (high_ != 0) text_ += std::exchange(high_, 0);
  const std::u32string content = std::exchange(text_, {});
  if (std::exchange(scalar_, Scalar::none) == Scalar::string) return end_value(string(content));
  Frame& frame = frames_.back();
  frame.name = content;
  frame.has_name = true;
  return !member(frame.members, content);
}

void UniqueItems::unescape(char32_t c) {
  if (escape_ == 1 && c != U'u') {
    const std::u32string_view letters = U"bfnrt", meant = U"\b\f\n\r\t";
    const std::size_t at = letters.find(c);
    escape_ = 0;
    add(at == letters.npos ? c : meant[at]);
    return;
  }
  if (escape_ > 1) unit_ = 16 * unit_ + (is_digit(c) ? c - U'0' : (c | 0x20) - U'a' + 10);
  if (++escape_ < 6) return;
  escape_ = 0;
  add_unit(std::exchange(unit_, 0));
}

// A unit of UTF-16.
void UniqueItems::add_unit(char32_t unit) {
  const bool is_low = 0xDC00 <= unit && unit < 0xE000;
  if (high_ != 0 && is_low) {
    text_ += static_cast<char32_t>(0x10000 + ((std::exchange(high_, 0) - 0xD800) << 10) + (unit - 0xDC00));
  } else if (0xD800 <= unit && unit < 0xDC00) {
    if (high_ != 0) text_ += high_;
    high_ = unit;
  } else {
    add(unit);
  }
}

void UniqueItems::add(char32_t c) {
  if (high_ != 0) text_ += std::exchange(high_, 0);
  text_ += c;
}

bool UniqueItems::end_plain() {
  scalar_ = Scalar::none;
  const std::u32string text = std::exchange(text_, {});
  if (is_number(text)) return end_value(number(text));
  return end_value(std::make_shared<JsonValue>(JsonValue{JsonValue::literal, text, text}));
}

// ---- values that end ------------------------------------------------------------------------------------------------

bool UniqueItems::end_value(Value value) {
  Frame& frame = frames_.back();
  frame.wants_more = false;
  if (!frame.is_array) {
    frame.members.emplace_back(std::move(frame.name), std::move(value));
    frame.has_name = false;
    return true;
  }
  const auto is_same = [&](const Value& item) { return item->text == value->text; };
  if (frame.unique && std::any_of(frame.items->begin(), frame.items->end(), is_same)) return false;
  auto items = *frame.items;
  items.push_back(std::move(value));
  frame.items = std::make_shared<const std::vector<Value>>(std::move(items));
  frame.candidates.clear();
  return true;
}

bool UniqueItems::close() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  return frames_.empty() || end_value(frame.is_array ? array(*frame.items) : object(frame.members));
}

// ---- values under way -----------------------------------------------------------------------------------------------

std::size_t UniqueItems::in_danger() const {
  std::size_t n = names_in_danger();
  for (const Frame& frame : frames_) n += frame.candidates.size();
  return n;
}

std::size_t UniqueItems::names_in_danger() const {
  if (frames_.empty() || frames_.back().is_array || frames_.back().has_name) return 0;
  if (scalar_ != Scalar::name && !frames_.back().wants_more) return 0;
  const auto& members = frames_.back().members;
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [&](const auto& each) { return each.first.starts_with(text_); }));
}

// Whether what begins with the bracket frames_[depth], or with the scalar if there is none, may be `value` in the end.
// In doubt it may.
bool UniqueItems::may_become(std::size_t depth, const JsonValue& value) const {
  if (depth == frames_.size()) return scalar_ == Scalar::none || scalar_may_become(value);
  const Frame& frame = frames_[depth];
  if (!frame.is_array) return object_may_become(depth, value);
  const std::size_t n = frame.items->size();
  if (value.kind != JsonValue::array || n > value.items.size()) return false;
  const auto is_same = [](const Value& a, const Value& b) { return a->text == b->text; };
  if (!std::equal(frame.items->begin(), frame.items->end(), value.items.begin(), is_same)) return false;
  const bool begun = frame.wants_more || depth + 1 < frames_.size() || scalar_ != Scalar::none;
  return !begun || (n < value.items.size() && may_become(depth + 1, *value.items[n]));
}

bool UniqueItems::object_may_become(std::size_t depth, const JsonValue& value) const {
  const Frame& frame = frames_[depth];
  if (value.kind != JsonValue::object) return false;
  const auto is_there = [&](const auto& each) {
    const Value theirs = member(value.members, each.first);
    return theirs && theirs->text == each.second->text;
  };
  if (!std::all_of(frame.members.begin(), frame.members.end(), is_there)) return false;
  if (frame.has_name) {
    const Value theirs = member(value.members, frame.name);
    return theirs && may_become(depth + 1, *theirs);
  }
  if (scalar_ != Scalar::name && !frame.wants_more) return true;
  return std::any_of(value.members.begin(), value.members.end(), [&](const auto& each) {
    return each.first.starts_with(text_) && !member(frame.members, each.first);
  });
}

bool UniqueItems::scalar_may_become(const JsonValue& value) const {
  if (scalar_ == Scalar::string) return value.kind == JsonValue::string && value.content.starts_with(text_);
  if (!is_number(text_)) return value.kind == JsonValue::literal && value.content.starts_with(text_);
  if (value.kind != JsonValue::number) return false;
  const Decimal begun(text_);
  const bool is_negative = value.text[0] == U'-';
  if (value.content.empty()) return begun.digits.empty();
  if (begun.negative != is_negative) return false;
  const std::size_t n = std::min(begun.digits.size(), value.content.size());
  return begun.digits.compare(0, n, value.content, 0, n) == 0 &&
         (begun.digits.find_first_not_of(U'0', n) == begun.digits.npos);
}

std::u32string UniqueItems::key() const {
  std::u32string result;
  const auto add_count = [&result](std::size_t n) { result += static_cast<char32_t>(n); };
  for (const Frame& frame : frames_) {
    result += frame.is_array ? frame.unique ? U'U' : U'[' : U'{';
    result += frame.wants_more ? U',' : frame.has_name ? U':' : U' ';
    if (frame.is_array) add_count(frame.items->size());
    if (frame.is_array && &frame != &frames_[0]) result += array(*frame.items)->text;
    if (frame.is_array && &frame == &frames_[0] && !frame.items->empty()) result += frame.items->back()->text;
    for (const auto& [name, value] : frame.members) result += in_quotes(name) + value->text;
    result += in_quotes(frame.name);
  }
  result += static_cast<char32_t>(scalar_);
  result += in_quotes(scalar_ == Scalar::plain && is_number(text_) ? number_key(text_) : text_);
  add_count(static_cast<std::size_t>(escape_));
  return result + unit_ + high_;
}

}  // namespace decant
