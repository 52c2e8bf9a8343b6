#include "grammar/grammar_rules.h"

#include <algorithm>

namespace decant {
namespace {

bool overlap(CodePoints a, CodePoints b) { return a.first <= b.last && b.first <= a.last; }

// f(rule) for the rules that the sequence can begin with; whether the whole sequence can be empty.
template <class F>
bool leading_rules(const GrammarRules& grammar, int at, const std::vector<bool>& may_be_empty, F f) {
  for (; grammar.symbols[at].kind == Symbol::rule; ++at) {
    f(grammar.symbols[at].index);
    if (!may_be_empty[grammar.symbols[at].index]) return false;
  }
  return grammar.symbols[at].kind == Symbol::end;
}

std::vector<bool> rules_that_may_be_empty(const GrammarRules& grammar) {
  const std::size_t n = grammar.rules.size();
  std::vector<bool> may_be_empty(n);
  std::vector<std::vector<int>> users(n);
  for (std::size_t rule = 0; rule < n; ++rule) {
    for (const int begin : grammar.rules[rule]) {
      for (int at = begin; grammar.symbols[at].kind == Symbol::rule; ++at) {
        users[grammar.symbols[at].index].push_back(static_cast<int>(rule));
      }
    }
  }
  std::vector<int> todo(n);
  for (std::size_t rule = 0; rule < n; ++rule) todo[rule] = static_cast<int>(rule);
  while (!todo.empty()) {
    const int rule = todo.back();
    todo.pop_back();
    if (may_be_empty[rule]) continue;
    may_be_empty[rule] = std::any_of(grammar.rules[rule].begin(), grammar.rules[rule].end(), [&](int begin) {
      return leading_rules(grammar, begin, may_be_empty, [](int) {});
    });
    if (may_be_empty[rule]) todo.insert(todo.end(), users[rule].begin(), users[rule].end());
  }
  return may_be_empty;
}

}  // namespace

bool CharClass::contains(char32_t c) const {
  const bool found =
      std::any_of(ranges.begin(), ranges.end(), [c](CodePoints r) { return r.first <= c && c <= r.last; });
  return found != negated;
}

bool CharClass::may_contain(CodePoints characters) const {
  const bool found = std::any_of(ranges.begin(), ranges.end(), [&](CodePoints r) { return overlap(r, characters); });
  return found != negated;
}

// Depth first over "can begin with", looking for a rule that is reached again while it is open. No recursion: a text
// can hold more rules than the stack has room for.
std::optional<int> left_recursive_rule(const GrammarRules& grammar) {
  const std::vector<bool> may_be_empty = rules_that_may_be_empty(grammar);
  enum : char { unseen, open, done };
  std::vector<char> state(grammar.rules.size(), unseen);
  std::vector<int> stack;
  for (std::size_t start = 0; start < grammar.rules.size(); ++start) {
    stack.push_back(static_cast<int>(start));
    while (!stack.empty()) {
      const int rule = stack.back();
      if (state[rule] != unseen) {
        state[rule] = done;
        stack.pop_back();
        continue;
      }
      state[rule] = open;
      std::optional<int> found;
      for (const int begin : grammar.rules[rule]) {
        leading_rules(grammar, begin, may_be_empty, [&](int next) {
          if (state[next] == open) found = next;
          if (state[next] == unseen) stack.push_back(next);
        });
      }
      if (found) return found;
    }
  }
  return std::nullopt;
}

}  // namespace decant
