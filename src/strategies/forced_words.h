// Words that an answer must contain, and how far a text has got with them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/vocab.h"
#include "options/generation_config.h"
#include "tree/prefix_tree.h"

namespace decant {

struct ForcedWords {  // any one of some phrases
  std::string name;   // as the user wrote it
  std::vector<std::vector<Token>> phrases;

  int longest() const;
};

// Each element of the option: a text; token ids as [ID,ID,...]; or several of either, one of which is enough, as a JSON
// array: ["rain","snow"] or [[1,2],[3]]. Throws Error(usage) for what is none of these, for a text without tokens, and
// for one of several phrases that is the beginning of another (as in Hugging Face: the longer one could never be due).
std::vector<ForcedWords> parse_forced_words(const std::vector<std::string>& option, const Vocab& vocab);

struct Progress {
  int bank = 0;             // how far: higher is further
  std::vector<Token> next;  // tokens that would get it further
  std::vector<std::size_t> unmet;

  bool complete() const { return unmet.empty(); }
};

// Words are met where they occur in the text; one that is asked for several times has to occur as often, and no two
// occurrences share a token. A word that is begun counts from where its beginning is the text's end.
// The bank is (words met) * n + the tokens that the furthest begun one has, less what its longest phrase is shorter
// than n, where n is the longest phrase of all.
Progress progress(std::span<const ForcedWords> words, std::span<const Token> text);

// The same as Hugging Face's ConstraintListState has it: one word is in progress at a time, and a token that does not
// continue it is spent, even if it begins the word anew.
Progress hf_progress(std::span<const ForcedWords> words, std::span<const Token> text);

// How far the texts of a request are with its words. Without hf_compat, words in the prompt do not count.
class Words {
 public:
  Words(const GenerationConfig& config, const Vocab& vocab, int n_prompt);

  Progress progress(const Node& tip, std::optional<Token> token = {}) const;  // of the text, and one more token

  // Whether a text may end with the token. Hugging Face does not look at it.
  bool complete_at_end(const Node& tip, Token last) const;

  std::vector<std::string> unmet(const Node& tip, Token last) const;  // names; the same with hf_compat

 private:
  std::vector<ForcedWords> words_;
  std::size_t n_prompt_;
  bool hf_compat_;
};

}  // namespace decant
