#include "base/error.h"
#include "files/gguf_check.h"
#include "fuzz/targets.h"

namespace decant::fuzz {

void gguf(std::string_view bytes) {
  try {
    const GgufInfo info = check_gguf(bytes, "m.gguf");
    hold(info.n_layer >= 0 && info.n_tensors >= 0 && info.n_splits >= 1, "the numbers of a file that is taken");
  } catch (const Error& error) {
    hold(error.kind() == ErrorKind::data, "what is wrong is the file");
  }
}

}  // namespace decant::fuzz
