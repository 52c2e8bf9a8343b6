#include "schema/automaton_gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace decant {
namespace {

constexpr std::string_view kHex = "[0-9a-fA-F]";
const CodePointSet kControls = {{0, 0x1F}};

std::string one_of(const std::vector<std::string>& alternatives) {
  return fmt::format("{}", fmt::join(alternatives, " | "));
}

// Digits of hexadecimal numbers, in small and in capital letters.
std::string hex_digit(unsigned first, unsigned last) {
  CodePointSet digits;
  for (unsigned digit = first; digit <= last; ++digit) {
    for (const char32_t a : {U'a', U'A'}) {
      const char32_t c = digit < 10 ? U'0' + digit : a + digit - 10;
      digits.push_back({c, c});
    }
  }
  return gbnf_class(united(digits));
}

// The numbers first..last, written with so many digits, behind `prefix`.
void add_hex(char32_t first, char32_t last, int digits, const std::string& prefix, std::vector<std::string>& out) {
  if (digits == 0) return out.push_back(prefix);
  const int shift = 4 * (digits - 1);
  const char32_t rest = (1U << shift) - 1;
  char32_t low = first >> shift, high = last >> shift;
  const auto one = [&](char32_t digit, char32_t from, char32_t to) {
    add_hex(from & rest, to & rest, digits - 1, prefix + hex_digit(digit, digit) + ' ', out);
  };
  if (low == high && ((first & rest) != 0 || (last & rest) != rest)) return one(low, first, last);
  if ((first & rest) != 0) one(low++, first, rest);
  const bool cut = (last & rest) != rest;
  if (cut) --high;
  if (low <= high)
    out.push_back(prefix + hex_digit(low, high) +
                  (digits > 1 ? ' ' + std::string(kHex) + gbnf_repeat(digits - 1, digits - 1) : ""));
  if (cut) one(high + 1, 0, last);
}

// What stands behind \u for the characters that are read so: a set of many ranges has only those that must be.
std::string hex_forms(const CodePointSet& set, GbnfRules& rules) {
  constexpr std::size_t most_ranges = 16;
  const bool all = includes(set, every_character());
  const CodePointSet beyond = intersection(set, {{0x80, 0xFFFF}});
  CodePointSet read = all ? intersection(set, {{0, 0xFFFF}}) : intersection(set, kControls);
  if (!all && beyond.size() <= most_ranges) read.insert(read.end(), beyond.begin(), beyond.end());
  std::vector<std::string> forms;
  for (const auto [first, last] : read) add_hex(first, last, 4, "", forms);
  if (includes(set, {{0x10000, 0x10FFFF}})) {
    forms.push_back(fmt::format("[dD] [89abAB] {0}{{2}} \"\\\\u\" [dD] [c-fC-F] {0}{{2}}", kHex));
  }
  return forms.empty() ? "" : rules.add(one_of(forms));
}

std::string escapes(const CodePointSet& set, GbnfRules& rules) {
  static constexpr std::pair<char32_t, char32_t> kLetters[] = {{U'"', U'"'}, {U'\\', U'\\'}, {U'/', U'/'}, {0x8, U'b'},
                                                               {0xC, U'f'},  {0xA, U'n'},    {0xD, U'r'},  {0x9, U't'}};
  std::vector<std::string> forms;
  CodePointSet letters;
  for (const auto& [c, letter] : kLetters) {
    if (contains(set, c)) letters.push_back({letter, letter});
  }
  if (!letters.empty()) forms.push_back(gbnf_class(united(letters)));
  if (const std::string hex = hex_forms(set, rules); !hex.empty()) forms.push_back("\"u\" " + hex);
  return forms.empty() ? "" : fmt::format("\"\\\\\" ({})", one_of(forms));
}

// ---- rules of states ------------------------------------------------------------------------------------------------

class States {
 public:
  States(const Dfa& dfa, CharacterRule character, GbnfRules& rules, long most_loops)
      : dfa_(dfa), character_(character), rules_(rules), most_loops_(most_loops) {
    for (int state = 0; state < dfa.size(); ++state) {
      edges_.emplace_back();
      for (int letter = 0; letter < dfa.alphabet().size(); ++letter) {
        const int to = dfa.next(state, letter);
        if (to == Dfa::dead) continue;
        CodePointSet& set = edges_.back()[to];
        const CodePointSet& more = dfa.alphabet().characters(letter);
        set.insert(set.end(), more.begin(), more.end());
      }
      for (auto& [to, set] : edges_.back()) set = united(std::move(set));
    }
    std::vector<int> entries(edges_.size());
    ++entries[0];
    for (const auto& edges : edges_) {
      for (const auto& [to, set] : edges) ++entries[index(to)];
    }
    for (const int n : entries) entered_once_.push_back(n == 1);
  }

  std::string text() {
    const std::string start = from(0);
    while (!todo_.empty()) {
      const auto [state, name] = todo_.back();
      todo_.pop_back();
      rules_.define(name, body(state));
    }
    return start;
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  const std::map<int, CodePointSet>& edges(int state) const { return edges_[index(state)]; }

  // What follows once a state is reached; of a state that decides something, its rule's name.
  std::string from(int state) {
    std::string result;
    while (!(dfa_.accepts(state) && edges(state).empty())) {
      if (const long n = tail(state); n > 0) {
        return result + repeated(character_(edges(state).begin()->second, rules_), 0, n, rules_);
      }
      const bool decides = dfa_.accepts(state) || edges(state).size() != 1 || edges(state).contains(state);
      if (decides) return result + name_of(state);
      const CodePointSet& set = edges(state).begin()->second;
      long n = 0;
      do {
        state = edges(state).begin()->first;
        ++n;
      } while (!dfa_.accepts(state) && edges(state).size() == 1 && edges(state).begin()->second == set &&
               edges(state).begin()->first != state && entered_once_[index(state)]);
      result += repeated(character_(set, rules_), n, n, rules_) + ' ';
      if (!entered_once_[index(state)] && !(dfa_.accepts(state) && edges(state).empty()))
        return result + name_of(state);
    }
    return result;
  }

  // How many characters of one set may follow at most, if that is all that may; 0 if it is not.
  long tail(int state) const {
    long n = 0;
    const CodePointSet* set = nullptr;
    while (dfa_.accepts(state)) {
      if (edges(state).empty()) return n;
      if (edges(state).size() != 1 || edges(state).contains(state)) return 0;
      const auto& [to, characters] = *edges(state).begin();
      if (set && *set != characters) return 0;
      set = &characters;
      state = to;
      ++n;
    }
    return 0;
  }

  std::string name_of(int state) {
    const auto [found, is_new] = names_.try_emplace(state);
    if (is_new) {
      found->second = rules_.reserve();
      todo_.emplace_back(state, found->second);
    }
    return found->second;
  }

  std::string body(int state) {
    std::vector<std::string> ways;
    std::string loop;
    for (const auto& [to, set] : edges(state)) {
      const std::string character = character_(set, rules_);
      if (to == state) {
        loop = repeated(character, 0, most_loops_, rules_) + ' ';
      } else {
        ways.push_back(character + ' ' + from(to));
      }
    }
    if (dfa_.accepts(state) && !ways.empty()) ways.push_back(gbnf_literal(""));
    if (loop.empty()) return one_of(ways);
    return ways.empty() ? loop : fmt::format("{}({})", loop, one_of(ways));
  }

  const Dfa& dfa_;
  CharacterRule character_;
  GbnfRules& rules_;
  long most_loops_;
  std::vector<std::map<int, CodePointSet>> edges_;
  std::vector<bool> entered_once_;
  std::map<int, std::string> names_;
  std::vector<std::pair<int, std::string>> todo_;
};

}  // namespace

std::string plain_character(const CodePointSet& set, GbnfRules&) { return gbnf_class(set); }

std::string json_character(const CodePointSet& set, GbnfRules& rules) {
  const CodePointSet plain = without(set, {{0, 0x1F}, {U'"', U'"'}, {U'\\', U'\\'}});
  const std::string escaped = escapes(set, rules);
  std::vector<std::string> forms;
  if (!plain.empty()) {
    const std::string text = gbnf_class(plain);
    forms.push_back(text.size() > 60 ? rules.add(text) : text);
  }
  if (!escaped.empty()) forms.push_back(escaped);
  return escaped.empty() ? forms[0] : rules.add(one_of(forms));
}

std::string automaton_gbnf(const Dfa& dfa, CharacterRule character, GbnfRules& rules, long most_loops) {
  return States(dfa, character, rules, most_loops).text();
}

std::string json_strings_gbnf(const Dfa& dfa, GbnfRules& rules, long most_loops) {
  const auto run = most_loops < 0 ? run_of(dfa) : std::nullopt;
  if (run) return json_strings_gbnf(run->set, run->least, run->most, rules);
  const std::string quote = gbnf_literal("\"");
  return quote + ' ' + automaton_gbnf(dfa, json_character, rules, most_loops) + ' ' + quote;
}

std::string json_strings_gbnf(const CodePointSet& set, long least, long most, GbnfRules& rules) {
  const std::string quote = gbnf_literal("\"");
  if (most == 0) return quote + ' ' + quote;
  return quote + ' ' + repeated(json_character(set, rules), least, most, rules) + ' ' + quote;
}

}  // namespace decant
