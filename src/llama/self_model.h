// Models made of another one's weights, in memory: its first layers with its final norm and output head, or all of it
// quantised again. Weaker readers of the same vocabulary: amateurs and drafts that need no second file.
#pragma once

#include <memory>
#include <string_view>

#include "llama/llama_model.h"

namespace decant {

// Whether the name of a model is one of these: self:15, self:q4_0.
bool is_self_model(std::string_view name);

// Throws Error(usage) for a number of layers that the model has not and for an unknown type, Error(unavailable) for a
// model in several files, and whatever loading throws. What is made is a copy: it takes memory of its own.
std::shared_ptr<const LlamaFile> load_self_model(std::string_view name, const LlamaFile& whole,
                                                 const ModelOptions& options);

}  // namespace decant
