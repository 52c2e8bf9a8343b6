#include "schema/shared_length.h"

#include <algorithm>
#include <compare>

#include "base/error.h"

namespace decant {
namespace {

constexpr long kCounted = 4000;  // states for a long stay in a component that is more than one state

std::size_t index(int i) { return static_cast<std::size_t>(i); }

template <class F>
void each_edge(const Dfa& dfa, int state, F f) {
  for (int letter = 0; letter < dfa.alphabet().size(); ++letter) {
    if (dfa.next(state, letter) != Dfa::dead) f(dfa.next(state, letter));
  }
}

// The strongly connected components (Kosaraju's two passes), numbered so that edges lead to higher numbers.
class Components {
 public:
  explicit Components(const Dfa& dfa) : dfa_(dfa), of_(index(dfa.size()), -1), before_(index(dfa.size())) {
    for (int state = 0; state < dfa.size(); ++state) {
      each_edge(dfa, state, [&](int to) { before_[index(to)].push_back(state); });
    }
    const std::vector<int> order = finished();
    for (auto state = order.rbegin(); state != order.rend(); ++state) {
      if (of_[index(*state)] < 0) gather(*state);
    }
    cyclic_.assign(size_.size(), false);
    members_.resize(size_.size());
    for (int state = 0; state < dfa.size(); ++state) members_[index(of(state))].push_back(state);
    for (int state = 0; state < dfa.size(); ++state) {
      each_edge(dfa, state, [&](int to) {
        if (of(to) == of(state)) cyclic_[index(of(state))] = true;
      });
    }
  }

  int of(int state) const { return of_[index(state)]; }
  bool is_cyclic(int state) const { return cyclic_[index(of(state))]; }
  long size_of(int state) const { return size_[index(of(state))]; }

  // The most characters of a text that has up to `inside` of them inside of each cyclic component.
  long longest(long inside) const { return behind(inside)[index(of(dfa_.start()))]; }

  // The same of a text that passes a cyclic component, of which nothing inside is counted; 0 if there is none.
  long longest_through_a_cycle() const {
    const std::vector<long> from = behind(0);
    std::vector<long> to(size_.size());
    long most = 0;
    for (std::size_t i = 0; i < size_.size(); ++i) {
      each_edge_from(i, [&](int other) { to[index(other)] = std::max(to[index(other)], to[i] + 1); });
      if (cyclic_[i]) most = std::max(most, to[i] + from[i]);
    }
    return most;
  }

 private:
  // By component, the most characters of what is left of such a text.
  std::vector<long> behind(long inside) const {
    std::vector<long> result(size_.size());
    for (std::size_t i = size_.size(); i-- > 0;) {
      each_edge_from(i, [&](int other) { result[i] = std::max(result[i], 1 + result[index(other)]); });
      if (cyclic_[i]) result[i] += inside;
    }
    return result;
  }

  template <class F>
  void each_edge_from(std::size_t component, F f) const {  // to another component
    for (const int state : members_[component]) {
      each_edge(dfa_, state, [&](int to) {
        if (index(of(to)) != component) f(of(to));
      });
    }
  }

  // The states in the order in which a depth-first search leaves them.
  std::vector<int> finished() const {
    std::vector<int> order;
    std::vector<bool> seen(index(dfa_.size()));
    std::vector<std::pair<int, int>> path = {{dfa_.start(), 0}};  // a state and the letter to go on with
    seen[index(dfa_.start())] = true;
    while (!path.empty()) {
      auto& [state, letter] = path.back();
      if (letter == dfa_.alphabet().size()) {
        order.push_back(state);
        path.pop_back();
        continue;
      }
      const int to = dfa_.next(state, letter++);
      if (to == Dfa::dead || seen[index(to)]) continue;
      seen[index(to)] = true;
      path.emplace_back(to, 0);
    }
    return order;
  }

  void gather(int first) {
    const int number = static_cast<int>(size_.size());
    std::vector<int> todo = {first};
    of_[index(first)] = number;
    size_.push_back(0);
    while (!todo.empty()) {
      const int state = todo.back();
      todo.pop_back();
      ++size_.back();
      for (const int from : before_[index(state)]) {
        if (of_[index(from)] >= 0) continue;
        of_[index(from)] = number;
        todo.push_back(from);
      }
    }
  }

  const Dfa& dfa_;
  std::vector<int> of_;
  std::vector<std::vector<int>> before_;
  std::vector<long> size_;
  std::vector<std::vector<int>> members_;
  std::vector<bool> cyclic_;
};

// A state of the automaton, how long its component has been stayed in, and whether a long stay has begun.
struct Place {
  int state = 0;
  long stay = 0;
  bool used = false;
  auto operator<=>(const Place&) const = default;
};

std::optional<SharedLength> shared(const Dfa& dfa, const Components& components, long most, long little) {
  const long room = little + most - components.longest(little);  // of the long stay
  if (room <= little) return std::nullopt;
  const auto step = [&](const Place& at, int letter) -> std::optional<Place> {
    const int to = dfa.next(at.state, letter);
    if (to == Dfa::dead) return std::nullopt;
    if (components.of(to) != components.of(at.state)) return Place{to, 0, at.used};
    if (at.stay < little) return Place{to, at.stay + 1, at.used};
    if (at.stay == little && at.used) return std::nullopt;
    const long size = components.size_of(to);
    if (size == 1) return Place{to, little + 1, true};
    return at.stay < std::min(room, little + kCounted / size) ? std::optional(Place{to, at.stay + 1, true})
                                                              : std::nullopt;
  };
  SharedLength result{
      Dfa::explored(dfa.alphabet(), Place{dfa.start()}, step, [&](const Place& at) { return dfa.accepts(at.state); }),
      0, little};
  result.most_loops = most - Components(result.dfa).longest_through_a_cycle();
  if (result.most_loops < 0) return std::nullopt;
  return result;
}

}  // namespace

std::optional<SharedLength> with_shared_length(const Dfa& dfa, long most) {
  const Components components(dfa);
  for (const long little : {63L, 31L, 15L, 7L, 3L, 1L}) {
    try {
      if (auto result = shared(dfa, components, most, little)) return result;
    } catch (const Error&) {  // too many states
    }
  }
  return std::nullopt;
}

}  // namespace decant
