// The parts of the module, and what they share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "options/generation_config.h"

namespace decant {

void bind_options(nanobind::module_& module);  // bind_options.cpp
void bind_model(nanobind::module_& module);    // bind_model.cpp
void bind_run(nanobind::module_& module);      // bind_run.cpp

struct PythonOptions {
  GenerationConfig config;
};

// Throws what a signal's handler raised: KeyboardInterrupt. The lock is not held.
inline void look_for_signals() {
  const nanobind::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
}

using FloatArray = nanobind::ndarray<nanobind::numpy, float>;

// An array whose memory is the owner's.
template <class Owner>
FloatArray array_of(std::shared_ptr<Owner> owner, const float* data, std::initializer_list<std::size_t> shape) {
  auto* kept = new std::shared_ptr<Owner>(std::move(owner));
  const nanobind::capsule life(kept, [](void* all) noexcept { delete static_cast<std::shared_ptr<Owner>*>(all); });
  return FloatArray(const_cast<float*>(data), shape, life);
}

}  // namespace decant
