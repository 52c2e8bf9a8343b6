// The grammar of an answer that has to call a tool.
#pragma once

#include <string>

#include "model/vocab.h"
#include "server/tool_calls.h"
#include "server/tool_notation.h"

namespace decant {

// Of the answers that call tools of the wishes, in GBNF: in the order of their schemas all arguments that are required,
// and others that it declares. Marks that are control tokens of the vocabulary are these. Throws ApiError(400) for
// parameters that cannot be expressed.
std::string grammar_of(const ToolWishes& wishes, const ToolNotation& notation, const Vocab& vocab);

}  // namespace decant
