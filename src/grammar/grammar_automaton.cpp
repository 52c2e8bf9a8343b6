#include "grammar/grammar_automaton.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/utf8.h"

namespace decant {
namespace {

constexpr int kMaxWork = 1 << 16;          // stacks looked at in one step
constexpr int kMaxMemory = 1 << 24;        // numbers kept in all
constexpr std::size_t kMaxNext = 1 << 22;  // numbers in tables
constexpr std::size_t kMaxAllowed = 1024;  // a bit per token each
constexpr std::size_t kMaxStates = 64;     // ways to take arrays for ones whose items differ, or not
constexpr int unknown = -1;

void sort_unique(std::vector<int>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

GrammarAutomaton::GrammarAutomaton(GrammarRules rules, const Vocab& vocab, const TokenTrie& trie,
                                   std::vector<Token> eos)
    : rules_(std::move(rules)), vocab_(vocab), trie_(trie), eos_(std::move(eos)), path_(trie.depth() + 1) {
  find_named_tokens();
  number_letters();
  stacks_.push_back({-1, -1});  // empty
  sets_.resize(2);              // dead, ended
  set_numbers_[{}] = dead;
  rules_.symbols.push_back({Symbol::rule, rules_.root});
  rules_.symbols.push_back({Symbol::end});
  find_brackets();
  start_ = number_set(readings(push(empty, static_cast<int>(rules_.symbols.size()) - 2)));
}

void GrammarAutomaton::find_named_tokens() {
  for (const CharClass& chars : rules_.classes) {
    for (const auto [first, last] : chars.ranges) {
      if (first <= last_character) continue;
      const auto token = static_cast<Token>(first - last_character - 1);
      const std::string_view fault = token >= vocab_.size()         ? "there is none of that number"
                                     : !vocab_.bytes(token).empty() ? "it is text: write that in quotes"
                                     : std::find(eos_.begin(), eos_.end(), token) != eos_.end()
                                         ? "it ends the text: leave it out"
                                         : "";
      if (!fault.empty()) throw Error(ErrorKind::usage, "grammar: token <[{}]>: {}", token, fault);
      named_.push_back(token);
    }
  }
}

// ---- letters --------------------------------------------------------------------------------------------------------

void GrammarAutomaton::number_letters() {
  letters_ = {0};
  for (const CharClass& chars : rules_.classes) {
    for (const auto [first, last] : chars.ranges) letters_.insert(letters_.end(), {first, last + 1});
  }
  std::sort(letters_.begin(), letters_.end());
  letters_.erase(std::unique(letters_.begin(), letters_.end()), letters_.end());
  for (const CharClass& chars : rules_.classes) {
    in_class_.emplace_back();
    for (const char32_t first : letters_) in_class_.back().push_back(chars.contains(first));
  }
  for (const TokenTrie::Node& node : trie_.nodes()) {
    node_letters_.push_back(node.c > last_character ? -1 : letter(node.c));
  }
}

GrammarAutomaton::Letter GrammarAutomaton::letter(char32_t c) const {
  return static_cast<Letter>(std::upper_bound(letters_.begin(), letters_.end(), c) - letters_.begin()) - 1;
}

// ---- tokens ---------------------------------------------------------------------------------------------------------

GrammarAutomaton::State GrammarAutomaton::after(State state, Token token) {
  if (std::find(eos_.begin(), eos_.end(), token) != eos_.end()) return {may_end(state) ? ended : dead};
  if (token < 0 || token >= vocab_.size()) return {dead};
  State result{dead};
  for (State& each : read(state, token)) {
    if (result.set != dead) each.other = std::make_shared<const State>(std::move(result));
    result = std::move(each);
  }
  return result;
}

std::vector<GrammarAutomaton::State> GrammarAutomaton::read(const State& state, Token token) {
  std::vector<State> states;
  if (vocab_.bytes(token).empty()) {
    const bool is_named = std::find(named_.begin(), named_.end(), token) != named_.end();
    for (const State* each = &state; is_named && each && state.reader.between_characters(); each = each->other.get()) {
      for (State& next : read(*each, token_character(token))) states.push_back(std::move(next));
    }
    return states;
  }
  for (const State* each = &state; each; each = each->other.get()) states.push_back({each->set, {}, each->items});
  Utf8Reader reader = state.reader;
  for (const char byte : vocab_.bytes(token)) {
    if (byte == 0) return {};
    const auto result = reader.push(static_cast<std::uint8_t>(byte));
    if (result == Utf8Reader::Result::ill_formed) return {};
    if (result == Utf8Reader::Result::more) continue;
    std::vector<State> reached;
    for (const State& each : states) {
      for (State& next : read(each, reader.value())) reached.push_back(std::move(next));
    }
    count(reached.size() > kMaxStates, 0);
    states = std::move(reached);
    reader = {};
  }
  for (State& each : states) each.reader = reader;
  std::erase_if(states, [&](const State& each) { return !may_begin(each.set, reader) || !may_differ(each); });
  return states;
}

std::vector<GrammarAutomaton::State> GrammarAutomaton::read(const State& state, char32_t c) {
  if (rules_.unique < 0 || c != U'[') return step(next(state.set, letter(c)), state, c, false);
  const auto [unique, other] = brackets(state.set);
  std::vector<State> result = step(unique, state, c, true);
  for (State& each : step(other, state, c, false)) result.push_back(std::move(each));
  return result;
}

const std::vector<bool>& GrammarAutomaton::allowed(const State& state) {
  if (!state.items && !state.other) return allowed_by_rules(state);
  std::vector<bool> allowed(vocab_.size());
  for (const State* each = &state; each; each = each->other.get()) {
    const State reading{each->set, each->reader, each->items};
    std::vector<bool> mine = allowed_by_rules(reading);
    if (each->items) leave_out_repeated(reading, mine);
    for (std::size_t token = 0; token < allowed.size(); ++token) allowed[token] = allowed[token] || mine[token];
  }
  return allowed_here_ = std::move(allowed);
}

// By the state's rules alone, of one way to read it.
const std::vector<bool>& GrammarAutomaton::allowed_by_rules(const State& state) {
  const auto known = state.reader.between_characters() ? allowed_.find(state.set) : allowed_.end();
  if (known != allowed_.end()) return known->second;
  std::vector<bool> allowed(vocab_.size());
  const State by_rules{state.set, state.reader};
  if (state.reader.between_characters()) {
    walk(state.set, allowed);
    for (const Token token : bracket_tokens_) allowed[token] = allowed[token] && may_follow(by_rules, token);
    for (const Token token : named_) allowed[token] = may_follow(by_rules, token);
  } else {
    for (const Token token : trie_.inner()) allowed[token] = may_follow(by_rules, token);
  }
  for (const Token token : eos_) allowed[token] = may_end(by_rules);
  if (!state.reader.between_characters()) return allowed_inside_ = std::move(allowed);
  if (allowed_.size() >= kMaxAllowed) allowed_.clear();
  return allowed_[state.set] = std::move(allowed);
}

void GrammarAutomaton::walk(Set set, std::vector<bool>& allowed) {
  const auto& nodes = trie_.nodes();
  path_[0] = set;
  for (std::size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    const Set before = path_[node.depth - 1];
    const bool is_character = node_letters_[i] >= 0;
    const Set reached = is_character ? next(before, node_letters_[i]) : before;
    if (is_character ? reached == dead : !may_begin(before, trie_.beginning(node))) {
      i = node.skip;
      continue;
    }
    path_[node.depth] = reached;
    for (const Token token : trie_.tokens(node)) allowed[token] = true;
    ++i;
  }
}

bool GrammarAutomaton::may_end(const State& state) const {
  if (state.set == ended) return true;
  const std::vector<Stack>& stacks = sets_[state.set];
  const bool may = state.reader.between_characters() && !stacks.empty() && stacks.front() == empty;
  return may || (state.other && may_end(*state.other));
}

std::string GrammarAutomaton::forced(const State& state, std::size_t most) {
  std::string text;
  if (!state.reader.between_characters()) return text;
  std::vector<Set> sets;  // of every way to read it
  for (const State* each = &state; each; each = each->other.get()) sets.push_back(each->set);
  while (text.size() < most) {
    const std::optional<char32_t> c = only_character(sets);
    if (!c) break;
    append_utf8(text, *c);
    for (Set& set : sets) set = next(set, letter(*c));
  }
  return text;
}

// Looks at the rules alone, and at no new set: that would be work and memory wherever the text is free.
std::optional<char32_t> GrammarAutomaton::only_character(const std::vector<Set>& sets) const {
  std::optional<char32_t> only;
  for (const Set set : sets) {
    for (const Stack stack : sets_[set]) {
      if (stack == empty || top(stack).negated) return std::nullopt;
      for (const auto [first, last] : top(stack).ranges) {
        if (first != last || first == 0 || first > last_character || (only && *only != first)) return std::nullopt;
        only = first;
      }
    }
  }
  return only;
}

// Whether a character begun so may come next.
bool GrammarAutomaton::may_begin(Set set, const Utf8Reader& reader) const {
  if (reader.between_characters()) return true;
  return std::any_of(sets_[set].begin(), sets_[set].end(),
                     [&](Stack stack) { return stack != empty && top(stack).may_contain(reader.possible()); });
}

// ---- characters -----------------------------------------------------------------------------------------------------

GrammarAutomaton::Set GrammarAutomaton::next(Set set, Letter letter) {
  if (next_.size() < sets_.size()) next_.resize(sets_.size());
  if (!next_[set].empty() && next_[set][letter] != unknown) return next_[set][letter];
  const Set reached = compute_next(set, letter, true, true);
  if (next_[set].empty()) {
    n_next_ += letters_.size();
    if (n_next_ > kMaxNext) {
      for (auto& table : next_) table = {};
      n_next_ = letters_.size();
    }
    next_[set].assign(letters_.size(), unknown);
  }
  return next_[set][letter] = reached;
}

// By the symbol that opens arrays whose items differ, by others, or by both.
GrammarAutomaton::Set GrammarAutomaton::compute_next(Set set, Letter letter, bool unique, bool other) {
  work_ = 0;
  std::vector<Stack> reached;
  const std::size_t n = sets_[set].size();
  for (std::size_t i = 0; i < n; ++i) {
    const Stack stack = sets_[set][i];
    if (stack == empty) continue;
    const auto [symbol, below] = stacks_[stack];
    if (!(symbol == rules_.unique ? unique : other) || !in_class_[rules_.symbols[symbol].index][letter]) continue;
    const std::vector<Stack>& more = readings(push(below, symbol + 1));
    reached.insert(reached.end(), more.begin(), more.end());
    count(reached.size() > kMaxWork, 0);
  }
  sort_unique(reached);
  return number_set(std::move(reached));
}

GrammarAutomaton::Set GrammarAutomaton::number_set(std::vector<Stack> stacks) {
  const auto [found, is_new] = set_numbers_.try_emplace(std::move(stacks), static_cast<Set>(sets_.size()));
  if (is_new) {
    sets_.push_back(found->first);
    count(false, 2 * found->first.size() + 16);
  }
  return found->second;
}

// Without the symbol if it is the end of its sequence: then nothing has to come back to it.
GrammarAutomaton::Stack GrammarAutomaton::push(Stack below, int symbol) {
  if (rules_.symbols[symbol].kind == Symbol::end) return below;
  const auto [found, is_new] = stack_numbers_.try_emplace({symbol, below}, static_cast<Stack>(stacks_.size()));
  if (is_new) {
    stacks_.push_back({symbol, below});
    count(false, 12);
  }
  return found->second;
}

// The stacks with a character on top, or empty, that this one stands for.
const std::vector<GrammarAutomaton::Stack>& GrammarAutomaton::readings(Stack stack) {
  const auto found = readings_.find(stack);
  if (found != readings_.end()) return found->second;
  std::vector<Stack>& result = readings_[stack] = expand(stack);
  count(false, result.size() + 8);
  return result;
}

std::vector<GrammarAutomaton::Stack> GrammarAutomaton::expand(Stack stack) {
  std::vector<Stack> result, todo = {stack};
  std::unordered_set<Stack> seen;
  while (!todo.empty()) {
    const Stack current = todo.back();
    todo.pop_back();
    if (!seen.insert(current).second) continue;
    count(++work_ > kMaxWork, 0);
    const auto [symbol, below] = stacks_[current];
    if (current == empty || rules_.symbols[symbol].kind == Symbol::chars) {
      result.push_back(current);
      continue;
    }
    const Stack behind = push(below, symbol + 1);
    for (const int begin : rules_.rules[rules_.symbols[symbol].index]) todo.push_back(push(behind, begin));
  }
  sort_unique(result);
  return result;
}

void GrammarAutomaton::count(bool too_much, std::size_t numbers) {
  memory_ += static_cast<std::int64_t>(numbers);
  if (too_much || memory_ > kMaxMemory) {
    throw Error(ErrorKind::usage, "the grammar can read this text in too many ways at once: make it less ambiguous");
  }
}

}  // namespace decant
