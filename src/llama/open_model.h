// A GGUF model as an engine takes it, without libllama's headers: for users of the library.
#pragma once

#include <memory>
#include <string>

#include "model/model.h"
#include "options/model_options.h"

namespace decant {

// options.model: a path, an alias or hf:USER/REPO (hub/hub.h), downloaded if need be. `cells`: positions in the cache,
// `sequences`: branches in it at once, as of LlamaModel. Throws Error for anything that is wrong with the file.
std::shared_ptr<Model> open_model(const ModelOptions& options, int cells = 0, int sequences = 64);

}  // namespace decant
