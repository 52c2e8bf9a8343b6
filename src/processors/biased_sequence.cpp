#include "processors/biased_sequence.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace decant {
namespace {

// One element of an option, for its messages.
struct Element {
  std::string_view option, text;
  const Vocab& vocab;

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(ErrorKind::usage, "{} '{}': {}", option, text, fmt::format(format, std::forward<Args>(args)...));
  }
};

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// from_chars takes a sign, but not '+'.
std::string_view without_plus(std::string_view text) {
  return text.size() > 1 && text[0] == '+' && text[1] != '-' ? text.substr(1) : text;
}

float parse_bias(std::string_view text, const Element& element) {
  const std::string_view number = without_plus(text);
  float bias = 0;
  const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), bias);
  if (end != number.data() + number.size() || status == std::errc::invalid_argument) {
    element.reject("the bias '{}' is not a number", text);
  }
  if (status == std::errc::result_out_of_range || std::isnan(bias) || bias == std::numeric_limits<float>::infinity()) {
    element.reject("the bias {} must be a finite number, or -inf to ban", text);
  }
  return bias;
}

Token parse_id(std::string_view text, const Element& element) {
  Token id = -1;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end != text.data() + text.size() || status == std::errc::invalid_argument) {
    element.reject("'{}' is not a token id", text);
  }
  if (status == std::errc::result_out_of_range || id < 0 || id >= element.vocab.size()) {
    element.reject("there is no token {}, the vocabulary ends at {}", text, element.vocab.size() - 1);
  }
  return id;
}

// In brackets, and nothing that is part of no number: "[INST]" is a text.
bool is_id_list(std::string_view text) {
  return text.size() >= 2 && text.front() == '[' && text.back() == ']' &&
         text.find_first_not_of("0123456789+-., ", 1) == text.size() - 1;
}

std::vector<Token> parse_ids(std::string_view list, const Element& element) {
  if (trim(list).empty()) element.reject("the list has no token id");
  std::vector<Token> ids;
  for (;;) {
    const std::size_t comma = list.find(',');
    ids.push_back(parse_id(trim(list.substr(0, comma)), element));
    if (comma == std::string_view::npos) return ids;
    list.remove_prefix(comma + 1);
  }
}

std::vector<Token> parse_tokens(std::string_view text, const Element& element) {
  if (is_id_list(text)) return parse_ids(text.substr(1, text.size() - 2), element);
  if (text.empty()) element.reject("the text is empty");
  std::vector<Token> tokens = element.vocab.tokenize(text, false, false);
  if (tokens.empty()) element.reject("this vocabulary has no tokens for the text");
  return tokens;
}

}  // namespace

std::vector<Token> parse_tokens(std::string_view option, std::string_view text, const Vocab& vocab) {
  return parse_tokens(text, Element{option, text, vocab});
}

std::vector<BiasedSequence> parse_sequence_bias(const std::vector<std::string>& texts, const Vocab& vocab) {
  std::vector<BiasedSequence> sequences;
  for (const std::string_view text : texts) {
    const Element element{"sequence_bias", text, vocab};
    const std::size_t equals = text.rfind('=');
    if (equals == std::string_view::npos) element.reject("it must be TEXT=BIAS or [ID,ID,...]=BIAS");
    const float bias = parse_bias(text.substr(equals + 1), element);
    sequences.push_back({parse_tokens(text.substr(0, equals), element), bias});
  }
  return sequences;
}

std::vector<BiasedSequence> parse_logit_bias(const std::vector<std::string>& texts, const Vocab& vocab) {
  std::vector<BiasedSequence> sequences;
  for (const std::string_view text : texts) {
    const Element element{"logit_bias", text, vocab};
    const std::size_t sign = text.find_first_of("=+-", 1);
    if (sign == std::string_view::npos) element.reject("it must be ID=BIAS, ID+BIAS or ID-BIAS");
    const Token id = parse_id(text.substr(0, sign), element);
    sequences.push_back({{id}, parse_bias(text.substr(text[sign] == '=' ? sign + 1 : sign), element)});
  }
  return sequences;
}

std::vector<BiasedSequence> parse_bad_words(const std::vector<std::string>& texts, const Vocab& vocab,
                                            std::span<const Token> eos) {
  std::vector<BiasedSequence> sequences;
  for (const std::string_view text : texts) {
    std::vector<Token> tokens = parse_tokens("bad_words", text, vocab);
    const bool is_end = tokens.size() == 1 && std::find(eos.begin(), eos.end(), tokens[0]) != eos.end();
    if (!is_end) sequences.push_back({std::move(tokens), -std::numeric_limits<float>::infinity()});
  }
  return sequences;
}

}  // namespace decant
