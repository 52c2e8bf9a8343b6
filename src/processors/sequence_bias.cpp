#include "processors/sequence_bias.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "processors/row.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

bool backwards_less(const BiasedSequence& a, const BiasedSequence& b) {
  return std::lexicographical_compare(a.tokens.rbegin(), a.tokens.rend(), b.tokens.rbegin(), b.tokens.rend());
}

// Of equal sequences the last one stays.
void sort_without_repeats(std::vector<BiasedSequence>& sequences) {
  std::reverse(sequences.begin(), sequences.end());
  std::stable_sort(sequences.begin(), sequences.end(), backwards_less);
  const auto same = [](const BiasedSequence& a, const BiasedSequence& b) { return a.tokens == b.tokens; };
  sequences.erase(std::unique(sequences.begin(), sequences.end(), same), sequences.end());
}

bool is_completed_by_last(const BiasedSequence& sequence, std::span<const Token> tokens) {
  const std::size_t n = sequence.tokens.size();
  if (n == 1) return true;
  if (n > tokens.size()) return false;
  return std::equal(sequence.tokens.begin(), sequence.tokens.end() - 1, tokens.last(n - 1).begin());
}

// Whether a bias may be above 0, as the text behind the last "=", or else behind the id, says.
bool has_reward(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [](const std::string_view text) {
    const std::size_t equals = text.rfind('=');
    return text.substr(equals == text.npos ? std::min(text.find_first_of("+-", 1), text.size()) : equals + 1)
               .substr(0, 1) != "-";
  });
}

const Registered<ProcessorRow> sequence_row({
    .option = "sequence_bias",
    .part = ChainPart::edit,
    .place = 200,
    .raises = [](const auto& c) { return has_reward(c.sequence_bias); },
    .is_on = [](const auto& c, const auto&) { return !c.sequence_bias.empty(); },
    .make =
        [](const auto& c, const auto& setup) {
          return made<SequenceBias>("sequence_bias", parse_sequence_bias(c.sequence_bias, setup.needed_vocab()));
        },
});

const Registered<ProcessorRow> logit_row({
    .option = "logit_bias",
    .part = ChainPart::edit,
    .place = 300,
    .raises = [](const auto& c) { return has_reward(c.logit_bias); },
    .is_on = [](const auto& c, const auto&) { return !c.logit_bias.empty(); },
    .make =
        [](const auto& c, const auto& setup) {
          return made<SequenceBias>("logit_bias", parse_logit_bias(c.logit_bias, setup.needed_vocab()));
        },
});

const Registered<ProcessorRow> bad_words_row({
    .option = "bad_words",
    .part = ChainPart::edit,
    .place = 1200,
    .is_on = [](const auto& c, const auto&) { return !c.bad_words.empty(); },
    .make =
        [](const auto& c, const auto& setup) {
          return made<SequenceBias>("bad_words", parse_bad_words(c.bad_words, setup.needed_vocab(), setup.eos));
        },
});

}  // namespace

SequenceBias::SequenceBias(std::string_view name, std::vector<BiasedSequence> sequences)
    : name_(name), sequences_(std::move(sequences)) {
  for (const BiasedSequence& sequence : sequences_) {
    if (sequence.tokens.empty()) throw Error(ErrorKind::usage, "{} has a sequence without tokens", name_);
    if (!(sequence.bias <= std::numeric_limits<float>::max())) {
      throw Error(ErrorKind::usage, "{} has the bias {}: it must be a finite number, or -inf to ban", name_,
                  sequence.bias);
    }
    const auto [low, high] = std::minmax_element(sequence.tokens.begin(), sequence.tokens.end());
    extremes_ = {extremes_.empty() ? *low : std::min(extremes_[0], *low),
                 extremes_.empty() ? *high : std::max(extremes_[1], *high)};
  }
  sort_without_repeats(sequences_);
  for (const BiasedSequence& sequence : sequences_) last_tokens_.push_back(sequence.tokens.back());
  last_tokens_.erase(std::unique(last_tokens_.begin(), last_tokens_.end()), last_tokens_.end());
}

void SequenceBias::operator()(Scores& scores, const Context& context) const {
  check_token_ids(name_, extremes_, scores.n_vocab());
  scores.edit(last_tokens_, [&](Token id, float score) {
    const auto before = [](const BiasedSequence& sequence, Token last) { return sequence.tokens.back() < last; };
    auto sequence = std::lower_bound(sequences_.begin(), sequences_.end(), id, before);
    float bias = 0;
    for (; sequence != sequences_.end() && sequence->tokens.back() == id; ++sequence) {
      if (!is_completed_by_last(*sequence, context.tokens)) continue;
      bias = std::min(bias + sequence->bias, std::numeric_limits<float>::max());  // finite, so that -inf can follow
    }
    return score + bias;
  });
}

}  // namespace decant
