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
  return c > last_character ? found && !negated : found != negated;
}

bool CharClass::may_contain(CodePoints characters) const {
  // The first byte of the last characters could begin others too, if there were any.
  const CodePoints real{characters.first, std::min(characters.last, last_character)};
  const bool found = std::any_of(ranges.begin(), ranges.end(), [&](CodePoints r) { return overlap(r, real); });
  return found != negated;
}

namespace {

// An edge of "can begin with". Behind a last one nothing is left to come.
struct Leading {
  int rule;
  bool last;
  bool alone;  // nothing stands before it either
};

// The strongly connected components of the rules, by Tarjan's algorithm (1972). No recursion: a text can hold more
// rules than the stack has room for.
class Components {
 public:
  explicit Components(const std::vector<std::vector<Leading>>& edges)
      : edges_(edges), number_(edges.size(), -1), low_(edges.size()), component_(edges.size(), -1) {
    for (std::size_t rule = 0; rule < edges.size(); ++rule) {
      if (number_[rule] < 0) visit(rule);
    }
  }

  int of(std::size_t rule) const { return component_[rule]; }

 private:
  void visit(std::size_t start) {
    std::vector<std::pair<std::size_t, std::size_t>> path = {{start, 0}};  // rules, and which edge comes next
    while (!path.empty()) {
      const std::size_t rule = path.back().first;
      if (path.back().second == 0) {
        number_[rule] = low_[rule] = n_++;
        open_.push_back(rule);
      }
      if (path.back().second == edges_[rule].size()) {
        close(rule);
        path.pop_back();
        if (!path.empty()) low_[path.back().first] = std::min(low_[path.back().first], low_[rule]);
        continue;
      }
      const auto next = static_cast<std::size_t>(edges_[rule][path.back().second++].rule);
      if (number_[next] < 0) {
        path.emplace_back(next, 0);
      } else if (component_[next] < 0) {
        low_[rule] = std::min(low_[rule], number_[next]);
      }
    }
  }

  void close(std::size_t rule) {
    if (low_[rule] != number_[rule]) return;
    for (std::size_t member = open_.size(); member > 0 && component_[rule] < 0; --member) {
      component_[open_.back()] = static_cast<int>(rule);
      open_.pop_back();
    }
  }

  const std::vector<std::vector<Leading>>& edges_;
  std::vector<int> number_, low_, component_;
  std::vector<std::size_t> open_;
  int n_ = 0;
};

}  // namespace

std::optional<int> left_recursive_rule(const GrammarRules& grammar, const std::vector<bool>& prefer) {
  const std::vector<bool> may_be_empty = rules_that_may_be_empty(grammar);
  std::vector<std::vector<Leading>> edges(grammar.rules.size());
  for (std::size_t rule = 0; rule < edges.size(); ++rule) {
    for (const int begin : grammar.rules[rule]) {
      int at = begin;
      leading_rules(grammar, begin, may_be_empty, [&](int next) {
        const bool last = grammar.symbols[++at].kind == Symbol::end;
        edges[rule].push_back({next, last, last && at == begin + 1});
      });
    }
  }
  const auto fault = [&](auto is_harmful) -> std::optional<int> {
    const Components components(edges);
    for (std::size_t rule = 0; rule < edges.size(); ++rule) {
      for (const Leading& edge : edges[rule]) {
        if (!is_harmful(edge) || components.of(rule) != components.of(static_cast<std::size_t>(edge.rule))) continue;
        for (std::size_t each = 0; each < prefer.size(); ++each) {
          if (prefer[each] && components.of(each) == components.of(rule)) return static_cast<int>(each);
        }
        return edge.rule;
      }
    }
    return std::nullopt;
  };
  if (const auto rule = fault([](const Leading& edge) { return !edge.last; })) return rule;
  // A rule that is itself and nothing more says nothing: the user meant something else.
  for (auto& each : edges) std::erase_if(each, [](const Leading& edge) { return !edge.alone; });
  return fault([](const Leading&) { return true; });
}

bool drop_endless_sequences(GrammarRules& grammar) {
  std::vector<bool> ends(grammar.rules.size());
  const auto sequence_ends = [&](int at) {
    for (; grammar.symbols[at].kind != Symbol::end; ++at) {
      if (grammar.symbols[at].kind == Symbol::rule && !ends[grammar.symbols[at].index]) return false;
    }
    return true;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t rule = grammar.rules.size(); rule-- > 0;) {
      if (ends[rule] || std::none_of(grammar.rules[rule].begin(), grammar.rules[rule].end(), sequence_ends)) continue;
      ends[rule] = changed = true;
    }
  }
  for (std::vector<int>& sequences : grammar.rules) {
    std::erase_if(sequences, [&](int begin) { return !sequence_ends(begin); });
  }
  return ends[grammar.root];
}

}  // namespace decant
