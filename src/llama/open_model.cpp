// Tested by tests/install/install_test.py.
#include "llama/open_model.h"

#include "hub/hub.h"
#include "llama/kinds.h"
#include "llama/llama_model.h"
#include "options/table.h"

namespace decant {

std::shared_ptr<Model> open_model(const ModelOptions& options, int cells, int sequences) {
  check_ranges(model_fields(), options);
  const std::filesystem::path path = resolve_model(options.model, DownloadProgress::silent);
  check_speaks_alone(path, check_gguf(path));
  const auto file = std::make_shared<const LlamaFile>(path, options);
  return std::make_shared<LlamaModel>(file, options, cells, sequences);
}

}  // namespace decant
