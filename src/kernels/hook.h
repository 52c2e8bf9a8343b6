// Our kernels in ggml's CPU backend: an "extra buffer type" in front of ggml's own (ggml-cpu/traits.h), through which
// weights are re-laid while a model loads and operations of a graph are taken over while it runs. ggml is not patched;
// its version is pinned, and it is linked statically.
//
// ggml asks without saying for whom, so who computes is said for the whole process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/isa.h"

struct ggml_backend_buffer_type;

namespace decant::kernels {

// Puts the buffer type in front of ggml's, once; before the first model is loaded, or ggml's list is fixed without it.
void install();

void take_weights(bool on);  // of models loaded from now on; they stay re-laid whatever is said later

// While there is one, attention is ours in every graph that is computed, or ggml's in every one: who wants the other
// waits. Without any it is ggml's.
class AttentionScope {
 public:
  explicit AttentionScope(bool ours);
  ~AttentionScope();
  AttentionScope(const AttentionScope&) = delete;
  AttentionScope& operator=(const AttentionScope&) = delete;
};

std::optional<Isa> active_isa();  // none: all is left to ggml

// Whether a row's bits could depend on its company: what was left to ggml of that kind (independence.h) in the graphs
// computed since `watch(true)`. Empty: they could not.
void watch(bool on);
std::vector<std::string> left_to_ggml();

ggml_backend_buffer_type* buffer_type();
void use_isa(Isa isa);  // between graphs

}  // namespace decant::kernels
