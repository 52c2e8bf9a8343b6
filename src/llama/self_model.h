// Models made of another one's weights, in memory: its first layers with its final norm and output head, or all of it
// quantised again. Weaker readers of the same vocabulary: amateurs and drafts that need no second file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "llama/llama_model.h"

namespace decant {

struct Layers {
  int first = 0, count = 0;
};

// Some layers of a model, with its final norm and output head, reading its weights where they are. `options`: those
// that it was loaded with.
std::shared_ptr<const LlamaFile> load_layers(const std::shared_ptr<const LlamaFile>& whole, Layers layers,
                                             const std::string& name, const ModelOptions& options);

// Whether the name of a model is one of these: self:15, self:q4_0.
bool is_self_model(std::string_view name);

// self:15 -> 15; 0 for any other name.
int self_layers(std::string_view name);

// Throws Error(usage) for a number of layers that the model has not and for an unknown type, Error(unavailable) for a
// model in several files, and whatever loading throws. Of layers the weights are the whole model's own; another type is
// a copy, and takes memory.
std::shared_ptr<const LlamaFile> load_self_model(std::string_view name, const std::shared_ptr<const LlamaFile>& whole,
                                                 const ModelOptions& options);

}  // namespace decant
