// Tested by tests/strategies/forced_words_test.cpp.
#include "strategies/forced_words.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "processors/biased_sequence.h"

namespace decant {
namespace {

using Json = nlohmann::json;
using Phrase = std::vector<Token>;

constexpr std::string_view option = "force_words";

[[noreturn]] void reject(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::usage, "{} '{}': {}", option, text, why);
}

bool is_array_of_phrases(std::string_view text) {
  const std::size_t second = text.find_first_not_of(" \t\n", 1);
  return text.starts_with('[') && second != text.npos && (text[second] == '"' || text[second] == '[') &&
         text.ends_with(']');
}

constexpr std::string_view how_to_write = R"(several phrases are written as ["rain","snow"] or as [[1,2],[3]])";

Json parse_array(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (
      const Json::parse_error& error) {  // "... - invalid string: forbidden character after backslash; last read: ..."
    const std::string_view what = error.what();
    const std::size_t reason = what.find("invalid string");
    reject(text, reason == what.npos ? how_to_write : what.substr(reason, what.find(';', reason) - reason));
  }
}

// The elements of a JSON array of strings and of arrays of numbers, each as parse_tokens() reads it.
std::vector<std::string> phrases_of(std::string_view text) {
  std::vector<std::string> phrases;
  for (const Json& each : parse_array(text)) {
    if (!each.is_string() && !each.is_array()) reject(text, how_to_write);
    phrases.push_back(each.is_string() ? each.get<std::string>() : each.dump());
  }
  return phrases;
}

bool begins_with(const Phrase& phrase, std::span<const Token> beginning) {
  return phrase.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), phrase.begin());
}

// As often as possible without sharing a token: where one ends first, and from there on again.
struct Occurrences {
  int count = 0;
  std::size_t end = 0;  // of the last one
};

Occurrences occurrences(const ForcedWords& words, std::span<const Token> text, int most) {
  Occurrences found;
  for (std::size_t n = 1; n <= text.size() && found.count < most; ++n) {
    const std::span<const Token> rest = text.first(n).subspan(found.end);
    const auto ends_here = [&](const Phrase& phrase) {
      return phrase.size() <= rest.size() && std::equal(phrase.begin(), phrase.end(), rest.last(phrase.size()).begin());
    };
    if (std::any_of(words.phrases.begin(), words.phrases.end(), ends_here)) found = {found.count + 1, n};
  }
  return found;
}

bool is_same(const ForcedWords& a, const ForcedWords& b) {
  return a.phrases.size() == b.phrases.size() &&
         std::is_permutation(a.phrases.begin(), a.phrases.end(), b.phrases.begin());
}

// Tokens at the text's end that begin one of the phrases: as many as possible.
std::size_t begun(const ForcedWords& words, std::span<const Token> text) {
  std::size_t n = std::min(static_cast<std::size_t>(words.longest()) - 1, text.size());
  const auto fits = [&](const Phrase& phrase) { return begins_with(phrase, text.last(n)); };
  while (n > 0 && std::none_of(words.phrases.begin(), words.phrases.end(), fits)) --n;
  return n;
}

// What may follow the first n tokens of those phrases that have the beginning in common.
void add_next(const ForcedWords& words, std::span<const Token> beginning, std::vector<Token>& next) {
  for (const Phrase& phrase : words.phrases) {
    if (phrase.size() > beginning.size() && begins_with(phrase, beginning)) next.push_back(phrase[beginning.size()]);
  }
}

int longest_of(std::span<const ForcedWords> words) {
  int longest = 0;
  for (const ForcedWords& each : words) longest = std::max(longest, each.longest());
  return longest;
}

}  // namespace

int ForcedWords::longest() const {
  std::size_t longest = 0;
  for (const Phrase& phrase : phrases) longest = std::max(longest, phrase.size());
  return static_cast<int>(longest);
}

std::vector<ForcedWords> parse_forced_words(const std::vector<std::string>& texts, const Vocab& vocab) {
  std::vector<ForcedWords> all;
  for (const std::string& text : texts) {
    ForcedWords& words = all.emplace_back();
    words.name = text;
    const auto elements = is_array_of_phrases(text) ? phrases_of(text) : std::vector<std::string>{text};
    for (const std::string& each : elements) words.phrases.push_back(parse_tokens(option, each, vocab));
    for (const Phrase& a : words.phrases) {
      for (const Phrase& b : words.phrases) {
        if (&a != &b && begins_with(b, a))
          reject(text, "one of its phrases is the beginning of another: drop the longer one");
      }
    }
  }
  return all;
}

Progress progress(std::span<const ForcedWords> words, std::span<const Token> text) {
  const int n = longest_of(words);
  Progress result;
  std::vector<Token> first;
  int furthest = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto before = words.first(i);
    const auto needed = 1 + std::count_if(before.begin(), before.end(),
                                          [&](const ForcedWords& other) { return is_same(other, words[i]); });
    const Occurrences found = occurrences(words[i], text, static_cast<int>(needed));
    if (found.count == needed) {
      result.bank += n;
      continue;
    }
    result.unmet.push_back(i);
    const std::size_t count = begun(words[i], text.subspan(found.end));
    add_next(words[i], text.last(count), count > 0 ? result.next : first);
    if (count > 0) furthest = std::max(furthest, n - words[i].longest() + static_cast<int>(count));
  }
  result.bank += furthest;
  if (result.next.empty()) result.next = first;
  return result;
}

Progress hf_progress(std::span<const ForcedWords> words, std::span<const Token> text) {
  const int n = longest_of(words);
  std::vector<std::size_t> pending(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) pending[i] = i;
  const std::size_t none = words.size();
  std::size_t current = none;  // the one in progress
  Phrase done;                 // of it
  const auto is_complete = [&](std::size_t i) {
    return std::find(words[i].phrases.begin(), words[i].phrases.end(), done) != words[i].phrases.end();
  };
  const auto continues = [&](std::size_t i, Token token) {
    std::vector<Token> next;
    add_next(words[i], done, next);
    return std::find(next.begin(), next.end(), token) != next.end();
  };
  for (const Token token : text) {
    if (current != none) {
      if (!continues(current, token)) {
        pending.push_back(std::exchange(current, none));
        done.clear();
        continue;
      }
    } else {
      const auto taker =
          std::find_if(pending.begin(), pending.end(), [&](std::size_t i) { return continues(i, token); });
      if (taker == pending.end()) continue;
      current = *taker;
      pending.erase(taker);
    }
    done.push_back(token);
    if (is_complete(current)) {
      current = none;
      done.clear();
    }
  }
  Progress result;
  result.unmet = pending;
  if (current != none) result.unmet.push_back(current);
  result.bank = n * static_cast<int>(words.size() - result.unmet.size());
  if (current != none) {
    result.bank += n - words[current].longest() + static_cast<int>(done.size());
    add_next(words[current], done, result.next);
  } else {
    for (const std::size_t i : pending) add_next(words[i], {}, result.next);
  }
  return result;
}

namespace {

std::vector<Token> text_of(const Node& tip, std::optional<Token> token) {
  std::vector<Token> text;
  tip.path(text);
  if (token) text.push_back(*token);
  return text;
}

}  // namespace

Words::Words(const GenerationConfig& config, const Vocab& vocab, int n_prompt)
    : words_(parse_forced_words(config.force_words, vocab)),
      n_prompt_(static_cast<std::size_t>(n_prompt)),
      hf_compat_(config.hf_compat) {}

Progress Words::progress(const Node& tip, std::optional<Token> token) const {
  const std::vector<Token> text = text_of(tip, token);
  return hf_compat_ ? hf_progress(words_, text) : decant::progress(words_, std::span(text).subspan(n_prompt_));
}

bool Words::complete_at_end(const Node& tip, Token last) const {
  return (hf_compat_ ? progress(tip) : progress(tip, last)).complete();
}

std::vector<std::string> Words::unmet(const Node& tip, Token last) const {
  const std::vector<Token> text = text_of(tip, last);
  std::vector<std::string> names;
  for (const std::size_t i : decant::progress(words_, std::span(text).subspan(n_prompt_)).unmet)
    names.push_back(words_[i].name);
  return names;
}

}  // namespace decant
