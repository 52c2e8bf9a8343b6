// Our kernels in ggml's CPU backend: "extra buffer types" in front of ggml's own (ggml-cpu/traits.h), one for each
// instruction set, through which weights are re-laid while a model loads and operations of a graph are taken over while
// it runs. ggml is not patched; its version is pinned, and it is linked statically.
//
// ggml asks without saying for whom, and on threads of its own. So nothing is said for the process: what a product is
// computed with follows from the buffer of its weights, and what attention is computed with is written on the
// operation. Models may load, and run, at the same time.
#pragma once

#include <optional>
#include <string>

#include "kernels/isa.h"

struct ggml_backend_buffer_type;
struct ggml_tensor;

namespace decant::kernels {

struct Forward;

// Puts the buffer types in front of ggml's, once; before the first model is loaded, or ggml's list is fixed without
// them.
void install();

std::optional<Isa> default_isa();  // best_isa(), asked once

// While there is one, the weights of what this thread loads are re-laid, for `isa`; with none, and without any, they
// are as ggml has them. They stay so.
class LoadScope {
 public:
  explicit LoadScope(std::optional<Isa> isa);
  ~LoadScope();
  LoadScope(const LoadScope&) = delete;
  LoadScope& operator=(const LoadScope&) = delete;

 private:
  std::optional<Isa> outer_;
};

bool covers(const ggml_tensor* op, Isa isa);  // a product of our weights, or an attention that our kernels compute

// Before an operation of a graph is computed: if our kernels cover it, it is theirs, and the crew's. ggml has one
// thread then, or as many as the crew where others are its helpers.
void take(ggml_tensor* op, Isa isa, Forward& forward);

// Nothing for an operation that is ours, that is a device's, or in which each row stands alone (independence.h);
// otherwise what ggml's CPU backend computes there. It is known when the graph is about to be computed.
std::optional<std::string> left_to_ggml(const ggml_tensor* op);

ggml_backend_buffer_type* buffer_type(Isa isa);

}  // namespace decant::kernels
