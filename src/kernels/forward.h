// What the operations of a forward share.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/crew.h"

struct ggml_tensor;

namespace decant::kernels {

struct Format;

struct Forward {
  explicit Forward(int threads, Crew::Others others = Crew::Others::own) : crew(threads, others) {}

  void begin() {
    packed = nullptr;
    crew.wake();
  }

  Crew crew;
  // Activations as they were packed last: several matrices are multiplied with the same ones.
  const ggml_tensor* packed = nullptr;  // none
  const Format* packed_for = nullptr;
  std::vector<std::byte> panels;
};

}  // namespace decant::kernels
