#include "schema/automaton.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "base/error.h"

namespace decant {
namespace {

char32_t one_of(const CodePointSet& set) { return set.front().first; }

// ---- subset construction --------------------------------------------------------------------------------------------

// A state of the result is a set of pairs: a state of the Nfa, and what may come next there (all, but behind an edge
// that asks for what stands behind it).
class Subsets {
 public:
  using State = std::vector<std::pair<int, int>>;

  explicit Subsets(const Nfa& nfa) : nfa_(nfa), alphabet_(sets_of(nfa)) {
    number({std::vector<bool>(static_cast<std::size_t>(alphabet_.size()) + 1, true)});
    for (const auto& edges : nfa.states) {
      letters_.emplace_back();
      for (const Nfa::Edge& edge : edges) letters_.back().push_back(letters_of(edge));
    }
  }

  const Alphabet& alphabet() const { return alphabet_; }
  State start() { return closed({{nfa_.start, 0}}, end()); }

  std::optional<State> step(const State& state, int letter) {
    State reached;
    for (const auto& [from, next] : state) {
      if (!may_come(next, letter)) continue;
      const auto& edges = nfa_.states[static_cast<std::size_t>(from)];
      for (std::size_t i = 0; i < edges.size(); ++i) {
        if (edges[i].kind == Nfa::characters && has(from, i, letter)) reached.emplace_back(edges[i].to, 0);
      }
    }
    if (reached.empty()) return std::nullopt;
    return closed(std::move(reached), letter);
  }

  bool accepts(const State& state) const {
    return std::any_of(state.begin(), state.end(),
                       [this](const auto& each) { return each.first == nfa_.accept && may_come(each.second, end()); });
  }

 private:
  static std::vector<CodePointSet> sets_of(const Nfa& nfa) {
    std::vector<CodePointSet> sets;
    for (const auto& edges : nfa.states) {
      for (const Nfa::Edge& edge : edges) {
        if (edge.kind != Nfa::empty && std::find(sets.begin(), sets.end(), edge.set) == sets.end()) {
          sets.push_back(edge.set);
        }
      }
    }
    return sets;
  }

  // The text's beginning (as what stands before) or end (as what stands behind), as a letter.
  int end() const { return alphabet_.size(); }

  std::vector<bool> letters_of(const Nfa::Edge& edge) const {
    std::vector<bool> result;
    for (const CodePointSet& each : alphabet_.letters()) result.push_back(decant::contains(edge.set, one_of(each)));
    result.push_back(edge.or_edge);
    return result;
  }

  bool has(int from, std::size_t edge, int letter) const {
    return letters_[static_cast<std::size_t>(from)][edge][static_cast<std::size_t>(letter)];
  }
  bool may_come(int next, int letter) const {
    return next_[static_cast<std::size_t>(next)][static_cast<std::size_t>(letter)];
  }

  int number(std::vector<bool> next) {
    const auto [found, is_new] = numbers_.try_emplace(next, static_cast<int>(next_.size()));
    if (is_new) next_.push_back(std::move(next));
    return found->second;
  }

  // With all that is reached without a character, `before` having been the last one.
  State closed(State todo, int before) {
    State result;
    std::sort(todo.begin(), todo.end());
    todo.erase(std::unique(todo.begin(), todo.end()), todo.end());
    std::map<std::pair<int, int>, bool> seen;
    for (const auto& each : todo) seen[each] = true;
    while (!todo.empty()) {
      const auto [from, next] = todo.back();
      todo.pop_back();
      result.emplace_back(from, next);
      const auto& edges = nfa_.states[static_cast<std::size_t>(from)];
      for (std::size_t i = 0; i < edges.size(); ++i) {
        const std::optional<int> then = crossed(from, i, next, before);
        if (then && seen.try_emplace({edges[i].to, *then}, true).second) todo.emplace_back(edges[i].to, *then);
      }
    }
    AutomataEffort::spend(static_cast<long>(result.size()));
    std::sort(result.begin(), result.end());
    return result;
  }

  // What may come next behind the edge, if it can be crossed without a character.
  std::optional<int> crossed(int from, std::size_t edge, int next, int before) {
    switch (nfa_.states[static_cast<std::size_t>(from)][edge].kind) {
      case Nfa::empty:
        return next;
      case Nfa::before:
        return has(from, edge, before) ? std::optional(next) : std::nullopt;
      case Nfa::behind:
        return narrowed(next, letters_[static_cast<std::size_t>(from)][edge]);
      default:
        return std::nullopt;
    }
  }

  std::optional<int> narrowed(int next, const std::vector<bool>& by) {
    std::vector<bool> both = next_[static_cast<std::size_t>(next)];
    bool any = false;
    for (std::size_t i = 0; i < both.size(); ++i) {
      both[i] = both[i] && by[i];
      any = any || both[i];
    }
    return any ? std::optional(number(std::move(both))) : std::nullopt;
  }

  const Nfa& nfa_;
  Alphabet alphabet_;
  std::vector<std::vector<std::vector<bool>>> letters_;  // [state][edge][letter, or the end]
  std::vector<std::vector<bool>> next_;                  // [number][letter, or the end]
  std::map<std::vector<bool>, int> numbers_;
};

}  // namespace

// ---- what they cost -------------------------------------------------------------------------------------------------

namespace {
thread_local AutomataEffort* current_effort = nullptr;
}  // namespace

AutomataEffort::AutomataEffort(long steps) : most_(steps), outer_(current_effort) { current_effort = this; }
AutomataEffort::~AutomataEffort() { current_effort = outer_; }

void AutomataEffort::spend(long steps) {
  if (!current_effort || (current_effort->spent_ += steps) <= current_effort->most_) return;
  throw Error(ErrorKind::usage, "takes, with all before, more than {} steps of automata", current_effort->most_);
}

// ---- alphabets ------------------------------------------------------------------------------------------------------

Alphabet::Alphabet(const std::vector<CodePointSet>& sets) {
  std::vector<char32_t> cuts;
  std::vector<CodePointSet> all = sets;
  all.push_back(every_character());
  for (const CodePointSet& set : all) {
    for (const auto [first, last] : set) cuts.insert(cuts.end(), {first, last + 1});
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::map<std::vector<bool>, int> numbers;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    std::vector<bool> in;
    for (const CodePointSet& set : all) in.push_back(decant::contains(set, cuts[i]));
    if (!in.back()) {
      starts_.emplace_back(cuts[i], -1);
      continue;
    }
    const auto [found, is_new] = numbers.try_emplace(std::move(in), size());
    if (is_new) letters_.emplace_back();
    starts_.emplace_back(cuts[i], found->second);
    letters_[static_cast<std::size_t>(found->second)].push_back({cuts[i], cuts[i + 1] - 1});
  }
  for (CodePointSet& letter : letters_) letter = united(std::move(letter));
}

int Alphabet::letter(char32_t c) const {
  const auto behind =
      std::upper_bound(starts_.begin(), starts_.end(), c, [](char32_t x, const auto& y) { return x < y.first; });
  return std::prev(behind)->second;
}

int Nfa::add_state() {
  states.emplace_back();
  return static_cast<int>(states.size()) - 1;
}

void Nfa::add_edge(int from, Edge edge) { states[static_cast<std::size_t>(from)].push_back(std::move(edge)); }

// ---- minimal automata -----------------------------------------------------------------------------------------------

// Hopcroft's partition refinement (1971), on the automaton completed by a state from which nothing is accepted.
class Minimizer {
 public:
  explicit Minimizer(const Dfa& dfa) : dfa_(dfa), n_(dfa.size() + 1), block_of_(index(n_)), place_(index(n_)) {
    for (int state = 0; state < n_; ++state) order_.push_back(state);
    std::stable_partition(order_.begin(), order_.end(), [this](int state) { return accepts(state); });
    int accepting = 0;
    for (int state = 0; state < n_; ++state) accepting += accepts(state);
    if (accepting > 0) blocks_.push_back({0, accepting});
    blocks_.push_back({accepting, n_});
    for (int block = 0; block < static_cast<int>(blocks_.size()); ++block) settle(block);
  }

  void refine() {
    std::deque<int> todo;
    for (int block = 0; block < static_cast<int>(blocks_.size()); ++block) todo.push_back(block);
    in_todo_.assign(blocks_.size(), true);
    const auto [first, sources] = inverse();
    while (!todo.empty()) {
      const int splitter = todo.front();
      todo.pop_front();
      in_todo_[index(splitter)] = false;
      const std::vector<int> members(order_.begin() + blocks_[index(splitter)].first,
                                     order_.begin() + blocks_[index(splitter)].last);
      for (int letter = 0; letter < dfa_.alphabet().size(); ++letter) {
        std::vector<int> into;  // the states that the letter leads into the splitter
        for (const int state : members) {
          const std::size_t at = index(letter) * (index(n_) + 1) + index(state);
          into.insert(into.end(), sources.begin() + first[at], sources.begin() + first[at + 1]);
        }
        split(into, todo);
      }
    }
  }

  int block_of(int state) const { return block_of_[index(state)]; }
  int sink() const { return n_ - 1; }

 private:
  struct Block {
    int first, last;  // of order_
  };

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  bool accepts(int state) const { return state < dfa_.size() && dfa_.accepts(state); }
  int next(int state, int letter) const {
    const int reached = state < dfa_.size() ? dfa_.next(state, letter) : Dfa::dead;
    return reached == Dfa::dead ? sink() : reached;
  }

  // By letter and state, where the list of the states before it begins.
  std::pair<std::vector<int>, std::vector<int>> inverse() const {
    const int k = dfa_.alphabet().size();
    std::vector<int> first, sources;
    std::vector<int> count(index(n_) + 1);
    for (int letter = 0; letter < k; ++letter) {
      std::fill(count.begin(), count.end(), 0);
      for (int state = 0; state < n_; ++state) ++count[index(next(state, letter)) + 1];
      const int base = static_cast<int>(sources.size());
      for (int state = 0; state < n_; ++state) count[index(state) + 1] += count[index(state)];
      for (const int each : count) first.push_back(base + each);
      sources.resize(sources.size() + index(n_));
      std::vector<int> at(count.begin(), count.end());
      for (int state = 0; state < n_; ++state) sources[index(base + at[index(next(state, letter))]++)] = state;
    }
    return {std::move(first), std::move(sources)};
  }

  void settle(int block) {
    for (int i = blocks_[index(block)].first; i < blocks_[index(block)].last; ++i) {
      block_of_[index(order_[index(i)])] = block;
      place_[index(order_[index(i)])] = i;
    }
  }

  void split(const std::vector<int>& states, std::deque<int>& todo) {
    std::map<int, int> moved;  // block -> how many of its states are at its front by now
    for (const int state : states) {
      const int block = block_of(state);
      const int to = blocks_[index(block)].first + moved[block]++, from = place_[index(state)];
      std::swap(order_[index(to)], order_[index(from)]);
      place_[index(order_[index(to)])] = to;
      place_[index(order_[index(from)])] = from;
    }
    for (const auto& [block, n] : moved) {
      Block& old = blocks_[index(block)];
      const Block part{old.first, old.first + n};
      if (part.last == old.last) continue;
      old.first = part.last;
      const bool smaller = n < old.last - old.first;
      const int added = static_cast<int>(blocks_.size());
      blocks_.push_back(part);
      in_todo_.push_back(false);
      settle(added);
      const int chosen = in_todo_[index(block)] || smaller ? added : block;
      in_todo_[index(chosen)] = true;
      todo.push_back(chosen);
    }
  }

  const Dfa& dfa_;
  int n_;
  std::vector<int> order_;  // states, block by block
  std::vector<int> block_of_, place_;
  std::vector<Block> blocks_;
  std::vector<bool> in_todo_;
};

void Dfa::minimize() {
  Minimizer classes(*this);
  classes.refine();
  const int nothing = classes.block_of(classes.sink());
  std::map<int, int> numbers = {{classes.block_of(0), 0}};
  std::vector<int> states = {0}, next;
  std::vector<bool> accepts;
  for (std::size_t i = 0; i < states.size(); ++i) {
    accepts.push_back(this->accepts(states[i]));
    for (int letter = 0; letter < alphabet_.size(); ++letter) {
      const int reached = this->next(states[i], letter);
      if (reached == dead || classes.block_of(reached) == nothing) {
        next.push_back(dead);
        continue;
      }
      const auto [found, is_new] = numbers.try_emplace(classes.block_of(reached), static_cast<int>(states.size()));
      if (is_new) states.push_back(reached);
      next.push_back(found->second);
    }
  }
  // Letters that make no difference are one.
  std::map<std::vector<int>, CodePointSet> columns;
  const auto width = static_cast<std::size_t>(alphabet_.size());
  for (std::size_t letter = 0; letter < width; ++letter) {
    std::vector<int> column;
    for (std::size_t state = 0; state < states.size(); ++state) column.push_back(next[state * width + letter]);
    CodePointSet& set = columns[column];
    const CodePointSet& more = alphabet_.letters()[letter];
    set.insert(set.end(), more.begin(), more.end());
  }
  std::vector<CodePointSet> sets;
  for (auto& [column, set] : columns) sets.push_back(set = united(std::move(set)));
  Alphabet fewer(sets);
  next_.assign(states.size() * static_cast<std::size_t>(fewer.size()), dead);
  for (std::size_t state = 0; state < states.size(); ++state) {
    for (int letter = 0; letter < fewer.size(); ++letter) {
      const int old = alphabet_.letter(one_of(fewer.characters(letter)));
      next_[state * static_cast<std::size_t>(fewer.size()) + static_cast<std::size_t>(letter)] =
          next[state * width + static_cast<std::size_t>(old)];
    }
  }
  alphabet_ = std::move(fewer);
  accepts_ = std::move(accepts);
}

void Dfa::check_size(std::size_t states) {
  if (states > max_states) throw Error(ErrorKind::usage, "needs an automaton of more than {} states", max_states);
}

// ---- making and combining -------------------------------------------------------------------------------------------

Dfa::Dfa(const Nfa& nfa) {
  Subsets subsets(nfa);
  *this = explored(
      subsets.alphabet(), subsets.start(),
      [&](const Subsets::State& state, int letter) { return subsets.step(state, letter); },
      [&](const Subsets::State& state) { return subsets.accepts(state); });
}

Dfa Dfa::of_everything() {
  return explored(
      Alphabet(), 0, [](int state, int) { return std::optional(state); }, [](int) { return true; });
}

Dfa Dfa::of_texts(const std::vector<std::u32string>& texts) {
  Nfa nfa;
  nfa.start = nfa.add_state();
  nfa.accept = nfa.add_state();
  for (const std::u32string& text : texts) {
    int at = nfa.start;
    for (const char32_t c : text) {
      const int next = nfa.add_state();
      nfa.add_edge(at, {.kind = Nfa::characters, .to = next, .set = {{c, c}}});
      at = next;
    }
    nfa.add_edge(at, {.kind = Nfa::empty, .to = nfa.accept});
  }
  return Dfa(nfa);
}

namespace {

// The texts of which `f(accepted by a, accepted by b)` is true; f(false, false) is false.
template <class F>
Dfa product(const Dfa& a, const Dfa& b, F f) {
  std::vector<CodePointSet> sets = a.alphabet().letters();
  sets.insert(sets.end(), b.alphabet().letters().begin(), b.alphabet().letters().end());
  Alphabet alphabet(sets);
  std::vector<std::pair<int, int>> letters;
  for (const CodePointSet& each : alphabet.letters()) {
    letters.emplace_back(a.alphabet().letter(one_of(each)), b.alphabet().letter(one_of(each)));
  }
  using State = std::pair<int, int>;
  const auto next = [](const Dfa& dfa, int state, int letter) {
    return state == Dfa::dead ? Dfa::dead : dfa.next(state, letter);
  };
  const auto accepted = [](const Dfa& dfa, int state) { return state != Dfa::dead && dfa.accepts(state); };
  return Dfa::explored(
      std::move(alphabet), State(a.start(), b.start()),
      [&](const State& state, int letter) -> std::optional<State> {
        const auto [first, second] = letters[static_cast<std::size_t>(letter)];
        const State reached(next(a, state.first, first), next(b, state.second, second));
        const bool one = reached.first != Dfa::dead, other = reached.second != Dfa::dead;
        if (!f(one, other) && !f(one, false) && !f(false, other)) return std::nullopt;
        return reached;
      },
      [&](const State& state) { return f(accepted(a, state.first), accepted(b, state.second)); });
}

}  // namespace

Dfa intersection(const Dfa& a, const Dfa& b) {
  return product(a, b, [](bool one, bool other) { return one && other; });
}

Dfa difference(const Dfa& a, const Dfa& b) {
  return product(a, b, [](bool one, bool other) { return one && !other; });
}

Dfa complement(const Dfa& a) { return difference(Dfa::of_everything(), a); }

Dfa limited(const Dfa& dfa, long least, long most) {
  const auto [shortest, longest] = dfa.lengths();
  if (most >= 0 && 0 <= longest && longest <= most) most = -1;
  if (shortest >= least) least = 0;
  if (most >= 0 && most < shortest) return {};
  if (least == 0 && most < 0) return dfa;
  using State = std::pair<int, long>;
  const long last = std::max(least, most);  // up to which is counted
  return Dfa::explored(
      dfa.alphabet(), State(dfa.start(), 0),
      [&](const State& at, int letter) -> std::optional<State> {
        const int to = dfa.next(at.first, letter);
        if (to == Dfa::dead || (most >= 0 && at.second == most)) return std::nullopt;
        return State(to, std::min(at.second + 1, last));
      },
      [&](const State& at) { return dfa.accepts(at.first) && at.second >= least; });
}

std::optional<CharacterRun> run_of(const Dfa& dfa) {
  std::optional<CharacterRun> run;
  long least = -1, n = 0;
  for (int state = 0;; ++n) {
    if (dfa.accepts(state) && least < 0) least = n;
    if (!dfa.accepts(state) && least >= 0) return std::nullopt;
    int to = Dfa::dead;
    for (int letter = 0; letter < dfa.alphabet().size(); ++letter) {
      if (dfa.next(state, letter) == Dfa::dead) continue;
      if (!run) run = {dfa.alphabet().characters(letter), 0, 0};
      if (to != Dfa::dead || run->set != dfa.alphabet().characters(letter)) return std::nullopt;
      to = dfa.next(state, letter);
    }
    if (to == state) n = -1;
    if (to == state || to == Dfa::dead) break;
    state = to;
  }
  if (run) run->least = least, run->most = n;
  return run;
}

bool Dfa::contains(std::u32string_view text) const {
  int state = start();
  for (const char32_t c : text) {
    const int letter = alphabet_.letter(c);
    state = letter < 0 ? dead : next(state, letter);
    if (state == dead) return false;
  }
  return accepts(state);
}

std::pair<long, long> Dfa::lengths() const {
  // From every state something is accepted, so that any cycle means any length.
  std::vector<long> least(accepts_.size(), -1), most(accepts_.size(), 0);
  std::vector<int> missing(accepts_.size()), order;  // how many edges into a state have not been counted
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  const auto each_edge = [this](int state, auto f) {
    for (int letter = 0; letter < alphabet_.size(); ++letter) {
      if (next(state, letter) != dead) f(next(state, letter));
    }
  };
  for (int state = 0; state < size(); ++state) each_edge(state, [&](int to) { ++missing[at(to)]; });
  std::vector<int> layer = {0};
  long shortest = -1, longest = 0;
  least[0] = 0;
  for (std::size_t i = 0; i < layer.size(); ++i) {
    if (shortest < 0 && accepts(layer[i])) shortest = least[at(layer[i])];
    each_edge(layer[i], [&](int to) {
      if (least[at(to)] >= 0) return;
      least[at(to)] = least[at(layer[i])] + 1;
      layer.push_back(to);
    });
  }
  if (missing[0] == 0) order.push_back(0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    longest = std::max(longest, most[at(order[i])]);
    each_edge(order[i], [&](int to) {
      most[at(to)] = std::max(most[at(to)], most[at(order[i])] + 1);
      if (--missing[at(to)] == 0) order.push_back(to);
    });
  }
  return {shortest, order.size() == accepts_.size() ? longest : -1};
}

long least_number(const Dfa& dfa, long enough) {
  if (dfa.is_empty()) return 0;
  const long longest = dfa.lengths().second;
  if (longest < 0) return enough;
  std::vector<long> texts(static_cast<std::size_t>(dfa.size()));  // of so many characters, by where they lead
  texts[0] = 1;
  long n = 0;
  for (long length = 0; length <= longest && n < enough; ++length) {
    std::vector<long> longer(texts.size());
    AutomataEffort::spend(dfa.size());
    for (int state = 0; state < dfa.size(); ++state) {
      const long here = texts[static_cast<std::size_t>(state)];
      if (here == 0) continue;
      if (dfa.accepts(state)) n += here;
      for (int letter = 0; letter < dfa.alphabet().size(); ++letter) {
        const int to = dfa.next(state, letter);
        if (to == Dfa::dead) continue;
        long characters = 0;
        for (const auto [first, last] : dfa.alphabet().characters(letter))
          characters += static_cast<long>(last - first) + 1;
        long& there = longer[static_cast<std::size_t>(to)];
        there = std::min(enough, there + std::min(enough, here * std::min(enough, characters)));
      }
    }
    texts = std::move(longer);
  }
  return std::min(n, enough);
}

Nfa Dfa::as_nfa() const {
  Nfa nfa;
  for (int state = 0; state < size(); ++state) nfa.add_state();
  nfa.accept = nfa.add_state();
  for (int state = 0; state < size(); ++state) {
    if (accepts(state)) nfa.add_edge(state, {.kind = Nfa::empty, .to = nfa.accept});
    for (int letter = 0; letter < alphabet_.size(); ++letter) {
      if (next(state, letter) == dead) continue;
      nfa.add_edge(state, {.kind = Nfa::characters, .to = next(state, letter), .set = alphabet_.characters(letter)});
    }
  }
  return nfa;
}

}  // namespace decant
