#include "drafters/suffix_automaton.h"

#include <algorithm>

namespace decant {

void SuffixAutomaton::begin_text() {
  text_begin_ = size_;
  whole_ = kRoot;
  tail_ = {};
}

void SuffixAutomaton::append(std::span<const Token> tokens) {
  for (const Token token : tokens) append(token);
}

void SuffixAutomaton::append(Token token) {
  whole_ = extend(whole_, token);
  tail_ = {next(tail_.state, token), tail_.length + 1};
  if (tail_.length > kMostCounted) {
    tail_.length = kMostCounted;
    if (at(at(tail_.state).link).length == kMostCounted) tail_.state = at(tail_.state).link;
  }
  for (int state = tail_.state; state != kRoot; state = at(state).link) {
    ++at(state).count;
    at(state).last = size_;
  }
  ++size_;
}

// The state of the run of `from`, which is a whole text, with `token` behind it.
int SuffixAutomaton::extend(int from, Token token) {
  if (const int known = next(from, token); known != kNone) {  // an earlier text has it
    return at(known).length == at(from).length + 1 ? known : split(from, token, known);
  }
  const int made = static_cast<int>(states_.size());
  states_.push_back({.length = at(from).length + 1, .link = kRoot});
  int state = from;
  for (; state != kNone && next(state, token) == kNone; state = at(state).link) set_next(state, token, made);
  if (state == kNone) return made;
  const int known = next(state, token);
  const int link = at(known).length == at(state).length + 1 ? known : split(state, token, known);
  at(made).link = link;
  return made;
}

// The runs of `state` up to the longest of `from` with `token` behind it get a state of their own: they are going to
// end at one more place than the others. If tail_ is one of them it may stay: what can follow is the same, and append()
// goes on from it at once.
int SuffixAutomaton::split(int from, Token token, int state) {
  const int made = static_cast<int>(states_.size());
  State copy = at(state);
  copy.length = at(from).length + 1;
  states_.push_back(std::move(copy));
  at(state).link = made;
  for (; from != kNone && next(from, token) == state; from = at(from).link) set_next(from, token, made);
  return made;
}

int SuffixAutomaton::next(int state, Token token) const {
  if (state == kRoot) {
    const auto found = root_next_.find(token);
    return found == root_next_.end() ? kNone : found->second;
  }
  const std::vector<Edge>& edges = at(state).next;
  const auto found = std::lower_bound(edges.begin(), edges.end(), token,
                                      [](const Edge& edge, Token sought) { return edge.token < sought; });
  return found == edges.end() || found->token != token ? kNone : found->to;
}

void SuffixAutomaton::set_next(int state, Token token, int to) {
  if (state == kRoot) {
    root_next_[token] = to;
    return;
  }
  std::vector<Edge>& edges = at(state).next;
  const auto found = std::lower_bound(edges.begin(), edges.end(), token,
                                      [](const Edge& edge, Token sought) { return edge.token < sought; });
  if (found != edges.end() && found->token == token) {
    found->to = to;
  } else {
    edges.insert(found, {token, to});
  }
}

SuffixAutomaton::Place SuffixAutomaton::match() const {
  Place place = at(tail_.state).count > 1 ? tail_ : shorter(tail_);
  place.length = std::min(place.length, kLongestMatch);
  while (place.length > 0 && at(at(place.state).link).length >= place.length) place.state = at(place.state).link;
  return place;
}

std::vector<SuffixAutomaton::Continuation> SuffixAutomaton::continuations(const Place& place,
                                                                          double least_share) const {
  double all = 0;
  for (const Edge& edge : at(place.state).next) all += at(edge.to).count;
  std::vector<Continuation> found;
  for (const auto& [token, to] : at(place.state).next) {
    const double share = at(to).count / all;
    if (share >= least_share) found.push_back({token, at(to).count, at(to).last, share});
  }
  std::sort(found.begin(), found.end(), [](const Continuation& a, const Continuation& b) {
    return a.count != b.count ? a.count > b.count : a.last > b.last;
  });
  return found;
}

SuffixAutomaton::Place SuffixAutomaton::after(const Place& place, Token token) const {
  return {next(place.state, token), place.length + 1};
}

SuffixAutomaton::Place SuffixAutomaton::shorter(const Place& place) const {
  if (place.state == kRoot) return {};
  return {at(place.state).link, at(at(place.state).link).length};
}

}  // namespace decant
