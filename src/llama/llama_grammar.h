// Grammars in GBNF, the notation of llama.cpp (grammars/README.md there), read by libllama's own parser.
//
// Tokens by id, `<[12]>`, are taken where they are control tokens, which no text can stand for. Refused although that
// parser takes them: tokens by name, or that are not to come, because decant's grammars are of text; repetitions above
// 2000, which it silently takes for "without end"; repetitions that end before they begin, on which it fills the
// memory; rules that begin with themselves behind something that may be empty, which its sampler follows without end;
// and grammars of which no text ends. Taken although its sampler refuses them: repetitions of what may be empty.
// Sequences of which no text ends are left out.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "grammar/grammar_rules.h"
#include "grammar/token_trie.h"
#include "model/grammar.h"

namespace decant {

// Throws Error(usage), with the place, for what is no grammar. No text makes it crash, hang, or take more memory than
// about a thousand times its size.
GrammarRules parse_gbnf(std::string_view text);

// The beginning of a text that follows the grammar and ends with one of `eos`. `vocab` must outlive it.
std::unique_ptr<const Grammar> make_grammar(GrammarRules rules, const Vocab& vocab,
                                            std::shared_ptr<const TokenTrie> trie, std::vector<Token> eos);

}  // namespace decant
