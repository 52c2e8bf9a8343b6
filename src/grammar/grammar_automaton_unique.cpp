#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "base/error.h"
#include "grammar/grammar_automaton.h"

namespace decant {
namespace {

constexpr int kMaxLooks = 50000;         // characters tried to find an item that differs
constexpr std::size_t kMaxWays = 8;      // kept for each set
constexpr std::size_t kLeastTried = 16;  // of the characters that rules do not tell apart: all digits

bool is_structural(char32_t c) { return std::u32string_view(U"\"[]{},").find(c) != std::u32string_view::npos; }
bool is_blank(char32_t c) { return c == U' ' || c == U'\n' || c == U'\t' || c == U'\r'; }
bool is_surrogate(char32_t c) { return 0xD800 <= c && c < 0xE000; }

}  // namespace

// A node on the way to the one that is looked at.
struct GrammarAutomaton::Step {
  enum Result : char { goes_on, left_out, has_to_be_read } result = goes_on;
  Set set = dead;
  std::optional<UniqueItems> items = std::nullopt;
  bool in_danger = false;
};

void GrammarAutomaton::find_brackets() {
  if (rules_.unique < 0) return;
  for (Token token = 0; token < vocab_.size(); ++token) {
    if (vocab_.bytes(token).find('[') != std::string_view::npos) bracket_tokens_.push_back(token);
  }
  const auto& nodes = trie_.nodes();
  structural_.resize(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    structural_[i] = is_structural(nodes[i].c);
    for (std::size_t below = i + 1; below < static_cast<std::size_t>(nodes[i].skip);
         below = static_cast<std::size_t>(nodes[below].skip)) {
      structural_[i] = structural_[i] || structural_[below];
    }
  }
}

GrammarAutomaton::Brackets GrammarAutomaton::brackets(Set set) {
  const auto found = brackets_.find(set);
  if (found != brackets_.end()) return found->second;
  const Set unique = compute_next(set, letter(U'['), true, false), other = compute_next(set, letter(U'['), false, true);
  return brackets_[set] = {unique, other};
}

// What a character that leads to `set` makes of a state; nothing if that is dead, or something is repeated.
std::vector<GrammarAutomaton::State> GrammarAutomaton::step(Set set, const State& from, char32_t c, bool unique) const {
  if (set == dead) return {};
  if (!from.items) return {{set, {}, unique ? std::make_shared<const UniqueItems>() : nullptr}};
  auto items = std::make_shared<UniqueItems>(*from.items);
  if (!items->push(c, unique)) return {};
  return {{set, {}, items->ended() ? nullptr : std::move(items)}};
}

// ---- tokens ---------------------------------------------------------------------------------------------------------

// Of the tokens that the rules allow.
void GrammarAutomaton::leave_out_repeated(const State& state, std::vector<bool>& allowed) {
  if (!state.reader.between_characters()) {
    for (const Token token : trie_.inner()) allowed[token] = allowed[token] && may_follow(state, token);
    return;
  }
  const auto& nodes = trie_.nodes();
  std::vector<Step> path(static_cast<std::size_t>(trie_.depth()) + 1);
  path[0] = {Step::goes_on, state.set, *state.items, state.items->in_danger() > 0};
  for (int i = 0; i < std::ssize(nodes);) {
    const TokenTrie::Node& node = nodes[static_cast<std::size_t>(i)];
    const Step& before = path[static_cast<std::size_t>(node.depth) - 1];
    if (!before.in_danger && !structural_[static_cast<std::size_t>(i)]) {
      i = node.skip;
      continue;
    }
    Step reached = step_over(node, i, before);
    if (reached.result != Step::goes_on) {
      for (int below = i; below < node.skip; ++below) {
        for (const Token token : trie_.tokens(nodes[static_cast<std::size_t>(below)])) {
          allowed[token] = allowed[token] && reached.result == Step::has_to_be_read && may_follow(state, token);
        }
      }
      i = node.skip;
      continue;
    }
    for (const Token token : trie_.tokens(node)) {
      if (reached.in_danger && allowed[token]) {
        allowed[token] = may_differ({reached.set, {}, std::make_shared<const UniqueItems>(*reached.items)});
      }
    }
    path[static_cast<std::size_t>(node.depth)] = std::move(reached);
    ++i;
  }
}

GrammarAutomaton::Step GrammarAutomaton::step_over(const TokenTrie::Node& node, int number, const Step& before) {
  const int letter = node_letters_[static_cast<std::size_t>(number)];
  if (letter < 0) return {Step::has_to_be_read};
  const Set set = next(before.set, letter);
  if (set == dead) return {Step::left_out};
  if (node.c == U'[' && brackets(before.set).unique != dead) return {Step::has_to_be_read};
  Step result{Step::goes_on, set, before.items};
  if (!result.items->push(node.c)) return {Step::left_out};
  if (result.items->ended()) return {Step::has_to_be_read};
  result.in_danger = result.items->in_danger() > 0;
  return result;
}

// ---- what may still differ ------------------------------------------------------------------------------------------

// Whether a text of the rules goes on from here in which nothing is repeated. Of what is in no danger any goes on so.
bool GrammarAutomaton::may_differ(const State& state) {
  if (!state.items || state.items->in_danger() == 0) return true;
  const bool is_known = state.reader.between_characters();
  if (is_known) {
    for (const std::u32string& way : ways_out_[state.set]) {
      if (is_safe_behind(state, way)) return true;
    }
  }
  const std::optional<std::u32string> way = look_further(state);
  if (!way) return false;
  if (auto& ways = ways_out_[state.set]; is_known && ways.size() < kMaxWays) ways.push_back(*way);
  return true;
}

bool GrammarAutomaton::is_safe_behind(const State& state, std::u32string_view text) {
  std::vector<State> states = {state};
  for (const char32_t c : text) {
    std::vector<State> reached;
    for (const State& each : states) {
      for (State& next : read(each, c)) reached.push_back(std::move(next));
    }
    states = std::move(reached);
  }
  return std::any_of(states.begin(), states.end(),
                     [](const State& each) { return !each.items || each.items->in_danger() == 0; });
}

// The shortest text behind which nothing is in danger, blanks last. Values in danger are beginnings of those that are
// there, so that they are soon all tried.
std::optional<std::u32string> GrammarAutomaton::look_further(const State& start) {
  struct Place {
    State state;
    std::u32string text;
  };
  std::deque<Place> todo = {{start, {}}}, behind_blanks;
  std::set<std::pair<Set, std::u32string>> seen;
  for (int looks = 0; !todo.empty() || !behind_blanks.empty();) {
    auto& from = todo.empty() ? behind_blanks : todo;
    const Place place = std::move(from.front());
    from.pop_front();
    for (const char32_t c : characters_to_try(place.state)) {
      if (++looks > kMaxLooks) {
        throw Error(ErrorKind::usage,
                    "uniqueItems: more than {} characters tried to find an item that differs: allow more items",
                    kMaxLooks);
      }
      for (State& reached : read({place.state.set, {}, place.state.items}, c)) {
        if (!reached.items || reached.items->in_danger() == 0) return place.text + c;
        if (!seen.emplace(reached.set, reached.items->key()).second) continue;
        (is_blank(c) ? behind_blanks : todo).push_back({std::move(reached), place.text + c});
      }
    }
  }
  return std::nullopt;
}

// Of the characters that rules do not tell apart more than what is in danger: they cannot all go on as that does.
std::vector<char32_t> GrammarAutomaton::characters_to_try(const State& state) {
  const std::size_t most = std::max(kLeastTried, state.items->in_danger() + 1);
  const CodePoints possible =
      state.reader.between_characters() ? CodePoints{0, last_character} : state.reader.possible();
  std::vector<char32_t> result;
  for (std::size_t i = 0; i < letters_.size(); ++i) {
    if (next(state.set, static_cast<Letter>(i)) == dead) continue;
    const char32_t end = i + 1 < letters_.size() ? letters_[i + 1] : last_character + 1;
    std::size_t n = 0;
    for (char32_t c = std::max(letters_[i], possible.first); c < end && c <= possible.last && n < most; ++c) {
      if (is_surrogate(c)) continue;
      result.push_back(c);
      ++n;
    }
  }
  return result;
}

}  // namespace decant
