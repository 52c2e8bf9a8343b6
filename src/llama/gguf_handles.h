// Owners of what ggml reads of a GGUF file's head.
#pragma once

#include <ggml.h>
#include <gguf.h>

#include <memory>

namespace decant {

template <auto release>
struct Release {
  void operator()(auto* object) const { release(object); }
};
using Gguf = std::unique_ptr<gguf_context, Release<gguf_free>>;
using Tensors = std::unique_ptr<ggml_context, Release<ggml_free>>;

}  // namespace decant
