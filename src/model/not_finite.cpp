// Tested by tests/model/not_finite_test.cpp.
#include "model/not_finite.h"

namespace decant {

Error not_finite(const ModelInfo& model, std::string_view what) {
  const std::string tensor = model.damaged_tensor ? model.damaged_tensor() : "";
  if (tensor.empty()) return Error(ErrorKind::internal, "{}", what);
  return Error(ErrorKind::data, "{}: the file of {} has such numbers in its tensor {}; download or convert it again",
               what, model.name, tensor);
}

}  // namespace decant
