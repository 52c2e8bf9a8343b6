#include "schema/regex.h"

#include <algorithm>

#include "base/error.h"
#include "schema/regex_node.h"

namespace decant {
namespace {

using Node = Regex::Node;

constexpr std::size_t kMaxStates = 100000;  // before they are made one automaton

// Adds to `nfa` what leads over the node, from a state; returns where it leads to.
int add(Nfa& nfa, int from, const Node& node);

int skip(Nfa& nfa, int from) {
  const int to = nfa.add_state();
  nfa.add_edge(from, {.kind = Nfa::empty, .to = to});
  return to;
}

int add_choice(Nfa& nfa, int from, const Node& node) {
  const int end = nfa.add_state();
  for (const Node& part : node.parts) {
    nfa.add_edge(add(nfa, skip(nfa, from), part), {.kind = Nfa::empty, .to = end});
  }
  return end;
}

int add_repeat(Nfa& nfa, int from, const Node& node) {
  for (long i = 0; i < node.least; ++i) from = add(nfa, from, node.parts[0]);
  if (node.most < 0) {
    const int loop = skip(nfa, from);
    nfa.add_edge(add(nfa, skip(nfa, loop), node.parts[0]), {.kind = Nfa::empty, .to = loop});
    return loop;
  }
  const int end = nfa.add_state();
  for (long i = node.least; i < node.most; ++i) {
    nfa.add_edge(from, {.kind = Nfa::empty, .to = end});
    from = add(nfa, skip(nfa, from), node.parts[0]);
  }
  nfa.add_edge(from, {.kind = Nfa::empty, .to = end});
  return end;
}

int add_edge(Nfa& nfa, int from, Nfa::Kind kind, const Node& node) {
  const int to = nfa.add_state();
  nfa.add_edge(from, {.kind = kind, .to = to, .set = node.set, .or_edge = node.or_edge});
  return to;
}

int add_automaton(Nfa& nfa, int from, const Dfa& dfa) {
  const Nfa part = dfa.as_nfa();
  const int offset = static_cast<int>(nfa.states.size());
  for (const auto& edges : part.states) {
    nfa.states.push_back(edges);
    for (Nfa::Edge& edge : nfa.states.back()) edge.to += offset;
  }
  nfa.add_edge(from, {.kind = Nfa::empty, .to = part.start + offset});
  return part.accept + offset;
}

int add(Nfa& nfa, int from, const Node& node) {
  if (nfa.states.size() > kMaxStates) {
    throw Error(ErrorKind::usage, "needs an automaton of more than {} states", kMaxStates);
  }
  switch (node.kind) {
    case Node::characters:
      return add_edge(nfa, from, Nfa::characters, node);
    case Node::before:
      return add_edge(nfa, from, Nfa::before, node);
    case Node::behind:
      return add_edge(nfa, from, Nfa::behind, node);
    case Node::sequence:
      for (const Node& part : node.parts) from = add(nfa, from, part);
      return from;
    case Node::choice:
      return add_choice(nfa, from, node);
    case Node::repeat:
      return add_repeat(nfa, from, node);
    case Node::compiled:
      return add_automaton(nfa, from, node.dfa);
    default:
      throw Error(ErrorKind::usage, "looks around inside of a lookaround");
  }
}

Dfa dfa_of(const Node& node) {
  Nfa nfa;
  nfa.start = nfa.add_state();
  nfa.accept = add(nfa, nfa.start, node);
  return Dfa(nfa);
}

Node anything() {
  Node result{.kind = Node::repeat, .least = 0, .most = -1};
  result.parts.push_back({.kind = Node::characters, .set = every_character()});
  return result;
}

bool has(const Node& node, Node::Kind kind) {
  return node.kind == kind ||
         std::any_of(node.parts.begin(), node.parts.end(), [kind](const Node& part) { return has(part, kind); });
}

bool is_lookaround(const Node& node) { return node.kind == Node::ahead || node.kind == Node::back; }

// What the first (last, for Node::back) of two texts in a row has to be as well: `side` and what the lookaround wants.
Dfa narrowed(const Dfa& side, const Node& look) {
  Node wanted;
  if (look.kind == Node::back) wanted.parts.push_back(anything());
  wanted.parts.push_back(look.parts[0]);
  if (look.kind == Node::ahead) wanted.parts.push_back(anything());
  const Dfa dfa = dfa_of(wanted);
  return look.negated ? difference(side, dfa) : intersection(side, dfa);
}

[[noreturn]] void refuse_mixture() { throw Error(ErrorKind::usage, "looks around beside another assertion"); }

bool is_begin(const Node& part) { return part.kind == Node::before && part.set.empty() && part.or_edge; }
bool is_end(const Node& part) { return part.kind == Node::behind && part.set.empty() && part.or_edge; }

// The texts of a sequence. Where something looks ahead, the rest of the text becomes an automaton of its own, where it
// looks back, the text before it; such an automaton takes its ends for the text's, so that no other assertion may stand
// there unless they are.
Dfa whole(const Node& sequence) {
  const auto& parts = sequence.parts;
  const auto found = std::find_if(parts.rbegin(), parts.rend(), is_lookaround);
  if (found == parts.rend()) return dfa_of(sequence);
  const auto first_found = std::find_if(parts.begin(), parts.end(), is_lookaround);
  const bool at_beginning = first_found != parts.begin() && std::all_of(parts.begin(), first_found, is_begin);
  if (at_beginning && first_found->kind == Node::ahead) {
    Node rest;
    rest.parts.assign(first_found + 1, parts.end());
    if (rest.parts.empty() || !is_lookaround(rest.parts[0])) return narrowed(whole(rest), *first_found);
    rest.parts.insert(rest.parts.begin(), parts[0]);  // ^, for the next one
    return narrowed(whole(rest), *first_found);
  }
  const auto at = std::prev(found.base());
  const bool alike = std::all_of(parts.begin(), parts.end(),
                                 [&](const Node& part) { return !is_lookaround(part) || part.kind == at->kind; });
  Node first, last;
  first.parts.assign(parts.begin(), at);
  last.parts.assign(at + 1, parts.end());
  if (!alike || has(last, Node::before) || has(*at, at->kind == Node::ahead ? Node::before : Node::behind))
    refuse_mixture();
  if (at->kind == Node::ahead) {
    first.parts.push_back({.kind = Node::compiled, .dfa = narrowed(dfa_of(last), *at)});
    return whole(first);
  }
  if (has(first, Node::behind)) refuse_mixture();
  Node result;
  result.parts.push_back({.kind = Node::compiled, .dfa = narrowed(whole(first), *at)});
  result.parts.push_back(std::move(last));
  return dfa_of(result);
}

}  // namespace

Regex::Regex(std::string_view pattern) : root_(std::make_unique<Node>(parse_regex(pattern))) {}
Regex::~Regex() = default;

Dfa Regex::automaton() const {
  Node all{.kind = Node::choice};
  for (const Node& alternative : root_->parts) {
    Node found;
    const auto& parts = alternative.parts;
    if (parts.empty() || !is_begin(parts.front())) found.parts.push_back(anything());
    found.parts.insert(found.parts.end(), parts.begin(), parts.end());
    if (parts.empty() || !is_end(parts.back())) found.parts.push_back(anything());
    const bool looks = std::any_of(parts.begin(), parts.end(), is_lookaround);
    if (looks) found = {.kind = Node::compiled, .dfa = whole(found)};
    all.parts.push_back(std::move(found));
  }
  return dfa_of(all);
}

std::optional<CharacterRun> Regex::run() const {
  if (root_->parts.size() != 1) return std::nullopt;
  const auto& parts = root_->parts[0].parts;
  if (parts.size() != 3 || !is_begin(parts[0]) || !is_end(parts[2])) return std::nullopt;
  const Node* part = &parts[1];
  long least = 1, most = 1;
  if (part->kind == Node::repeat) {
    least = part->least, most = part->most;
    part = &part->parts[0];
    while (part->kind == Node::choice && part->parts.size() == 1 && part->parts[0].parts.size() == 1) {
      part = &part->parts[0].parts[0];
    }
  }
  if (part->kind != Node::characters || part->set.empty()) return std::nullopt;
  return CharacterRun{part->set, least, most};
}

}  // namespace decant
