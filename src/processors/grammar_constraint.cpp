#include "processors/grammar_constraint.h"

#include <algorithm>

#include "base/error.h"
#include "processors/row.h"
#include "schema/json_schema.h"

namespace decant {
namespace {

struct GrammarState final : ProcessorState {
  GrammarState(std::shared_ptr<const Grammar> grammar, std::size_t healed_bytes)
      : point(std::move(grammar)), healed(healed_bytes) {}
  std::shared_ptr<const Grammar> point;
  std::size_t healed;  // bytes of the healed ones that have been written
};

const Grammar& point_of(const ProcessorState& state) { return *static_cast<const GrammarState&>(state).point; }
std::size_t healed_of(const ProcessorState& state) { return static_cast<const GrammarState&>(state).healed; }

// A grammar of the empty text alone is a slip: nothing could be written.
void check_has_text(std::string_view name, const Grammar& start, const Vocab& vocab, std::span<const Token> eos) {
  const std::vector<bool>& allowed = start.allowed();
  const std::span<const Token> ends = eos.empty() ? std::span(vocab.eos()) : eos;
  bool may_end = false;
  for (Token token = 0; token < vocab.size(); ++token) {
    if (!allowed[static_cast<std::size_t>(token)]) continue;
    if (std::find(ends.begin(), ends.end(), token) == ends.end()) return;
    may_end = true;
  }
  if (may_end) throw Error(ErrorKind::usage, "{} allows the empty text alone: nothing could be written", name);
}

ProcessorPtr make(std::string_view name, const std::string& gbnf, const ChainSetup& setup) {
  const Vocab& vocab = setup.needed_vocab();
  std::shared_ptr<const Grammar> start = vocab.grammar(gbnf, setup.eos);
  check_has_text(name, *start, vocab, setup.eos);
  return made<GrammarConstraint>(name, std::move(start), setup.healed, &vocab);
}

const Registered<ProcessorRow> grammar_row({
    .option = "grammar",
    .part = ChainPart::edit,
    .place = 1700,
    .is_on = [](const auto& c, const auto&) { return !c.grammar.empty(); },
    .make = [](const auto& c, const auto& setup) { return make("grammar", c.grammar, setup); },
});

const Registered<ProcessorRow> schema_row({
    .option = "json_schema",
    .part = ChainPart::edit,
    .place = 1800,
    .is_on = [](const auto& c, const auto&) { return !c.json_schema.empty(); },
    .make = [](const auto& c,
               const auto& setup) { return make("json_schema", json_schema_to_gbnf(c.json_schema), setup); },
});

}  // namespace

GrammarConstraint::GrammarConstraint(std::string_view name, Point start, std::string healed, const Vocab* vocab)
    : name_(name), start_(std::move(start)), healed_(std::move(healed)), vocab_(vocab) {
  if (healed_.empty()) return;
  for (Token token = 0; token < vocab_->size(); ++token) {
    const std::string_view bytes = vocab_->bytes(token);
    if (!bytes.empty()) tokens_.emplace(bytes, token);
    longest_ = std::max(longest_, bytes.size());
  }
}

// The point behind a text's first bytes, which are those of no single token: read as any tokens, since a grammar is one
// of bytes. Null: no text of the grammar begins with them.
GrammarConstraint::Point GrammarConstraint::behind(std::string_view bytes) const {
  Point point = start_;
  while (!bytes.empty()) {
    std::size_t n = std::min(bytes.size(), longest_);
    while (n > 0 && !tokens_.contains(bytes.substr(0, n))) --n;
    if (n == 0) return nullptr;
    const Token token = tokens_.at(bytes.substr(0, n));
    if (!point->allowed()[static_cast<std::size_t>(token)]) return nullptr;
    point = point->after(token);
    bytes.remove_prefix(n);
  }
  return point;
}

// `rest`: what is still to be written of the healed bytes.
bool GrammarConstraint::may_begin_with(Token token, std::string_view rest) const {
  const std::string_view bytes = vocab_->bytes(token);
  if (!bytes.starts_with(rest)) return !bytes.empty() && rest.starts_with(bytes);
  const Point point = behind(bytes.substr(rest.size()));
  if (!point) return false;
  const std::vector<bool>& next = point->allowed();
  return std::find(next.begin(), next.end(), true) != next.end();
}

void GrammarConstraint::operator()(Scores& scores, const Context& context) const {
  const std::size_t healed = context.state ? healed_of(*context.state) : 0;
  if (healed < healed_.size()) {
    const std::string_view rest = std::string_view(healed_).substr(healed);
    scores.keep_if([&](Token token, float) { return may_begin_with(token, rest); });
    return;
  }
  const std::vector<bool>& allowed = (context.state ? point_of(*context.state) : *start_).allowed();
  scores.keep_if([&allowed](Token token, float) { return allowed[token]; });
}

StatePtr GrammarConstraint::start() const { return std::make_shared<GrammarState>(start_, 0); }

const Grammar* GrammarConstraint::grammar(const ProcessorState& state) const {
  return healed_of(state) == healed_.size() ? &point_of(state) : nullptr;
}

StatePtr GrammarConstraint::next(const ProcessorState& state, Token token, double) const {
  const std::size_t healed = healed_of(state);
  if (healed == healed_.size()) return std::make_shared<GrammarState>(point_of(state).after(token), healed);
  const std::string_view bytes = vocab_->bytes(token);
  const std::size_t known = std::min(healed_.size() - healed, bytes.size());
  Point point = behind(bytes.substr(known));
  if (!point) point = start_->after(token);  // a token that was not allowed: nothing is behind it
  return std::make_shared<GrammarState>(std::move(point), healed + known);
}

}  // namespace decant
