// Tested by tests/llama/damage_test.cpp.
#include "llama/damage.h"

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/mapped_file.h"
#include "files/gguf_check.h"

namespace decant {
namespace {

constexpr std::int64_t kPiece = 1 << 16;  // elements, whole blocks of every type

template <auto release>
struct Release {
  void operator()(auto* object) const { release(object); }
};

bool is_finite(float x) { return std::isfinite(x); }

bool all_finite(ggml_type type, const char* data, std::int64_t elements) {
  const auto to_float = ggml_get_type_traits(type)->to_float;
  if (type == GGML_TYPE_F32) {
    const auto* numbers = reinterpret_cast<const float*>(data);
    return std::all_of(numbers, numbers + elements, is_finite);
  }
  if (!to_float) return true;  // whole numbers
  std::vector<float> numbers(kPiece);
  for (std::int64_t begin = 0; begin < elements; begin += kPiece) {
    const std::int64_t count = std::min(kPiece, elements - begin);
    to_float(data + ggml_row_size(type, begin), numbers.data(), count);
    if (!std::all_of(numbers.begin(), numbers.begin() + count, is_finite)) return false;
  }
  return true;
}

std::string first_in(const std::filesystem::path& path) {
  ggml_context* infos = nullptr;
  const std::unique_ptr<gguf_context, Release<gguf_free>> header(
      gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = &infos}));
  const std::unique_ptr<ggml_context, Release<ggml_free>> tensors(infos);
  if (!header) return "";
  const MappedFile file(path);
  for (std::int64_t i = 0; i < gguf_get_n_tensors(header.get()); ++i) {
    const char* name = gguf_get_tensor_name(header.get(), i);
    const std::size_t begin = gguf_get_data_offset(header.get()) + gguf_get_tensor_offset(header.get(), i);
    const std::int64_t elements = ggml_nelements(ggml_get_tensor(tensors.get(), name));
    if (!all_finite(gguf_get_tensor_type(header.get(), i), file.bytes().data() + begin, elements)) return name;
  }
  return "";
}

}  // namespace

std::string first_damaged_tensor(const std::filesystem::path& path, int n_splits) {
  for (const std::filesystem::path& part : gguf_parts(path, n_splits)) {
    if (std::string name = first_in(part); !name.empty()) return name;
  }
  return "";
}

}  // namespace decant
