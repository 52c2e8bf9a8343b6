#include "grammar/grammar_automaton.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"

namespace decant {
namespace {

constexpr int kMaxWork = 1 << 16;    // stacks looked at in one transition
constexpr int kMaxMemory = 1 << 23;  // numbers kept in all
constexpr int kMaxTables = 16384;    // 1 KB each
constexpr int kMaxAllowed = 1024;    // a bit per token each
constexpr int unknown = -1;

void sort_unique(std::vector<int>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

CodePoints characters_of(char32_t value, int missing) {
  const char32_t first = value << (6 * missing);
  return {first, first | ((char32_t{1} << (6 * missing)) - 1)};
}

}  // namespace

GrammarAutomaton::GrammarAutomaton(GrammarRules rules, const Vocab& vocab, const TokenTrie& trie,
                                   std::vector<Token> eos)
    : rules_(std::move(rules)), vocab_(vocab), trie_(trie), eos_(std::move(eos)), path_(trie.depth() + 1) {
  stacks_.push_back({-1, -1});                   // empty
  states_.resize(2, {{}, {}, true});             // dead, ended
  state_numbers_[{0, 0, 0}] = dead;
  rules_.symbols.push_back({Symbol::rule, rules_.root});
  rules_.symbols.push_back({Symbol::end});
  start_ = intern(readings(push(empty, static_cast<int>(rules_.symbols.size()) - 2)), {});
}

GrammarAutomaton::State GrammarAutomaton::after(State state, Token token) {
  if (std::find(eos_.begin(), eos_.end(), token) != eos_.end()) return may_end(state) ? ended : dead;
  if (token < 0 || token >= vocab_.size()) return dead;
  const std::string_view bytes = vocab_.bytes(token);
  if (bytes.empty()) return dead;
  for (const char byte : bytes) state = next(state, static_cast<std::uint8_t>(byte));
  return states_[state].complete ? state : dead;
}

bool GrammarAutomaton::may_end(State state) const {
  if (state == ended) return true;
  const StateData& data = states_[state];
  return data.partial.missing == 0 && !data.stacks.empty() && data.stacks.front() == empty;
}

const std::vector<bool>& GrammarAutomaton::allowed(State state) {
  const auto found = allowed_.find(state);
  if (found != allowed_.end()) return found->second;
  if (allowed_.size() >= kMaxAllowed) allowed_.clear();
  std::vector<bool> allowed(vocab_.size());
  const auto& nodes = trie_.nodes();
  path_[0] = state;
  for (std::size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    const State reached = next(path_[node.depth - 1], node.byte);
    if (reached == dead) {
      i = node.skip;
      continue;
    }
    path_[node.depth] = reached;
    if (node.first < node.last && states_[reached].complete) {
      for (const Token token : trie_.tokens(node)) allowed[token] = true;
    }
    ++i;
  }
  for (const Token token : eos_) allowed[token] = may_end(state);
  return allowed_[state] = std::move(allowed);
}

GrammarAutomaton::State GrammarAutomaton::next(State state, std::uint8_t byte) {
  if (tables_.size() <= static_cast<std::size_t>(state)) tables_.resize(states_.size());
  if (const Table* table = tables_[state].get(); table && (*table)[byte] != unknown) return (*table)[byte];
  const State reached = compute_next(state, byte);
  if (!tables_[state]) {
    if (n_tables_++ == kMaxTables) {
      for (auto& table : tables_) table.reset();
      n_tables_ = 1;
    }
    tables_[state] = std::make_unique<Table>();
    tables_[state]->fill(unknown);
  }
  return (*tables_[state])[byte] = reached;
}

GrammarAutomaton::State GrammarAutomaton::compute_next(State state, std::uint8_t byte) {
  work_ = 0;
  // A copy: states_ may grow.
  const auto [stacks, partial, complete] = states_[state];
  if (stacks.empty() || byte == 0) return dead;
  if (partial.missing == 0) {
    if (byte < 0x80) return accept(stacks, byte);
    if (byte < 0xC2 || byte > 0xF4) return dead;
    if (byte < 0xE0) return intern(stacks, {byte & 0x1Fu, 1, 0x80});
    if (byte < 0xF0) return intern(stacks, {byte & 0x0Fu, 2, 0x800});
    return intern(stacks, {byte & 0x07u, 3, 0x10000});
  }
  if ((byte & 0xC0) != 0x80) return dead;
  const Partial more{(partial.value << 6) | (byte & 0x3Fu), partial.missing - 1, partial.least};
  const auto [first, last] = characters_of(more.value, more.missing);
  if (last < more.least || first > 0x10FFFF || (first >= 0xD800 && last <= 0xDFFF)) return dead;
  return more.missing == 0 ? accept(stacks, more.value) : intern(stacks, more);
}

GrammarAutomaton::State GrammarAutomaton::accept(const std::vector<Stack>& stacks, char32_t c) {
  std::vector<Stack> reached;
  for (const Stack stack : stacks) {
    if (stack == empty) continue;
    const auto [symbol, below] = stacks_[stack];
    if (!rules_.classes[rules_.symbols[symbol].index].contains(c)) continue;
    const std::vector<Stack>& more = readings(push(below, symbol + 1));
    reached.insert(reached.end(), more.begin(), more.end());
  }
  sort_unique(reached);
  return intern(std::move(reached), {});
}

GrammarAutomaton::State GrammarAutomaton::intern(std::vector<Stack> stacks, Partial partial) {
  std::vector<int> key = stacks;
  key.insert(key.end(), {static_cast<int>(partial.value), partial.missing, static_cast<int>(partial.least)});
  const auto [found, is_new] = state_numbers_.try_emplace(std::move(key), static_cast<State>(states_.size()));
  if (is_new) {
    count(false, 2 * stacks.size() + 16);
    CodePoints characters = characters_of(partial.value, partial.missing);
    characters.first = std::max(characters.first, partial.least);
    const bool complete =
        partial.missing == 0 || std::any_of(stacks.begin(), stacks.end(), [&](Stack stack) {
          return stack != empty &&
                 rules_.classes[rules_.symbols[stacks_[stack].symbol].index].may_contain(characters);
        });
    states_.push_back({std::move(stacks), partial, complete});
  }
  return found->second;
}

// Without the symbol if it is the last of its sequence: then nothing has to come back to it.
GrammarAutomaton::Stack GrammarAutomaton::push(Stack below, int symbol) {
  if (rules_.symbols[symbol].kind == Symbol::end) return below;
  const auto [found, is_new] = stack_numbers_.try_emplace({symbol, below}, static_cast<Stack>(stacks_.size()));
  if (is_new) stacks_.push_back({symbol, below});
  return found->second;
}

// The stacks with a character on top, or empty, that this one stands for.
const std::vector<GrammarAutomaton::Stack>& GrammarAutomaton::readings(Stack stack) {
  const auto found = readings_.find(stack);
  if (found != readings_.end()) return found->second;
  return readings_[stack] = expand(stack);
}

std::vector<GrammarAutomaton::Stack> GrammarAutomaton::expand(Stack stack) {
  std::vector<Stack> result, todo = {stack};
  std::unordered_set<Stack> seen;
  while (!todo.empty()) {
    const Stack current = todo.back();
    todo.pop_back();
    if (!seen.insert(current).second) continue;
    count(++work_ > kMaxWork, 1);
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
