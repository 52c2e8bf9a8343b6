// Tested by tests/strategies/forced_words_test.cpp.
#include "strategies/forced_words.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "processors/biased_sequence.h"

namespace decant {
namespace {

using Phrase = std::vector<Token>;

constexpr std::string_view option = "force_words";

[[noreturn]] void reject(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::usage, "{} '{}': {}", option, text, why);
}

// The elements of a JSON array of strings and of arrays of numbers: strings without quotes, arrays as they are.
class JsonArray {
 public:
  explicit JsonArray(std::string_view text) : text_(text), rest_(text) {}

  std::vector<std::string> read() {
    expect('[');
    std::vector<std::string> elements;
    do elements.push_back(peek() == '"' ? string() : numbers());
    while (accept(','));
    expect(']');
    if (peek() != '\0') reject(text_, "there is something behind its last bracket");
    return elements;
  }

 private:
  char peek() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool accept(char wanted) {
    if (peek() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) reject(text_, R"(several phrases are written as ["rain","snow"] or as [[1,2],[3]])");
  }
  std::string string() {
    expect('"');
    std::string result;
    for (;;) {
      if (rest_.empty()) reject(text_, "a quotation mark is missing");
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return result;
      result += c == '\\' ? escaped() : c;
    }
  }
  char escaped() {
    constexpr std::string_view names = "\"\\/nrt", characters = "\"\\/\n\r\t";
    const std::size_t at = rest_.empty() ? names.npos : names.find(rest_.front());
    if (at == names.npos)
      reject(text_, R"(behind a backslash only ", \, /, n, r and t can stand; write other characters as they are)");
    rest_.remove_prefix(1);
    return characters[at];
  }
  std::string numbers() {
    if (peek() != '[') expect('"');
    const std::size_t end = rest_.find(']');
    if (end == rest_.npos) reject(text_, "a bracket is missing");
    const std::string list(rest_.substr(0, end + 1));
    rest_.remove_prefix(end + 1);
    return list;
  }

  std::string_view text_, rest_;
};

bool is_array_of_phrases(std::string_view text) {
  const std::size_t second = text.find_first_not_of(" \t\n", 1);
  return text.starts_with('[') && second != text.npos && (text[second] == '"' || text[second] == '[') &&
         text.ends_with(']');
}

bool begins_with(const Phrase& phrase, std::span<const Token> beginning) {
  return phrase.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), phrase.begin());
}

bool occurs(const ForcedWords& words, std::span<const Token> text) {
  return std::any_of(words.phrases.begin(), words.phrases.end(), [&](const Phrase& phrase) {
    return std::search(text.begin(), text.end(), phrase.begin(), phrase.end()) != text.end();
  });
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
    const auto elements = is_array_of_phrases(text) ? JsonArray(text).read() : std::vector<std::string>{text};
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
    if (occurs(words[i], text)) {
      result.bank += n;
      continue;
    }
    result.unmet.push_back(i);
    const std::size_t count = begun(words[i], text);
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

}  // namespace decant
