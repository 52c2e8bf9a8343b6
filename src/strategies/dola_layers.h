// The early layers that DoLa contrasts with, by the names of Hugging Face's `dola_layers`.
#pragma once

#include <string_view>
#include <vector>

namespace decant {

// "low", "high", or a list like "18,20" or "[18, 20]". Layer i is hidden_states[i]: 0 is the embeddings, i the output
// of block i, and n_layer, the last, is no candidate. Throws Error(usage) for anything else, for a layer that does not
// exist, and where "low" or "high" leaves none.
std::vector<int> dola_layers(std::string_view text, int n_layer, bool tied_embeddings);

}  // namespace decant
