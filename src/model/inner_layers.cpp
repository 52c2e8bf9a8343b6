// Tested by tests/strategies/dola_test.cpp and tests/zoo/context_test.py.
#include "model/inner_layers.h"

#include "base/error.h"

namespace decant {

void check_inner_layers(const ModelInfo& info) {
  if (info.has_layers) return;
  throw Error(ErrorKind::unavailable,
              "the inner layers of {} cannot be read: libllama's graph of it does not name them", info.name);
}

}  // namespace decant
