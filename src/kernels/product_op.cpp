// Tested by tests/kernels/product_op_test.cpp.
#include "kernels/product_op.h"

#include <ggml.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "kernels/forward.h"
#include "kernels/mapped.h"
#include "kernels/multiply.h"

namespace decant::kernels {
namespace {

constexpr std::int64_t kPartBytes = 8 << 20;  // of a file, at once in the memory while its weights are laid

// Panels are multiplied a few at a time, so that they stay in the second-level cache beside a stripe of weights.
constexpr std::size_t kPanelBytes = 384 << 10;

// What a thread takes at least: less is done before another one has heard of it.
constexpr std::int64_t kPartOfWeights = 32 << 10;  // bytes, times panels
constexpr std::int64_t kPartOfColumns = 2 << 10;   // activations to pack

std::int64_t grain(std::int64_t least, std::int64_t of_each) { return std::max<std::int64_t>(1, least / of_each); }

// Some columns times one matrix: first all are packed, then multiplied.
struct Columns {
  const Format& format;
  const std::byte* weights;
  int inputs;
  std::int64_t outputs;
  const float* const* sources;
  float* const* results;
  std::int64_t count;
  std::byte* panels;

  std::size_t panel_size() const { return panel_bytes(format, inputs, kPanel); }
  int width(std::int64_t panel) const {
    return static_cast<int>(std::min<std::int64_t>(kPanel, count - panel * kPanel));
  }
  std::int64_t panel_count() const { return (count + kPanel - 1) / kPanel; }

  void pack(const Kernel& kernel, Crew& crew) const {
    const int blocks = (inputs + kBlock - 1) / kBlock;
    crew.each(panel_count() * blocks, grain(kPartOfColumns, kBlock * kPanel), true, [&](auto begin, auto end, int) {
      for (std::int64_t item = begin; item < end;) {
        const std::int64_t panel = item / blocks;
        const int first = static_cast<int>(item % blocks),
                  last = static_cast<int>(std::min<std::int64_t>(blocks, first + end - item));
        kernel.pack(format, sources + panel * kPanel, width(panel), inputs, first, last, panels + panel * panel_size());
        item += last - first;
      }
    });
  }

  void multiply(const Kernel& kernel, Crew& crew) const {
    const std::size_t stripe_bytes = format.stripe_bytes(inputs);
    const auto at_once = static_cast<std::int64_t>(std::max<std::size_t>(1, kPanelBytes / panel_size()));
    const auto work = static_cast<std::int64_t>(stripe_bytes) * panel_count();
    crew.each((outputs + kStripe - 1) / kStripe, grain(kPartOfWeights, work), true, [&](auto begin, auto end, int) {
      for (std::int64_t first = 0; first < panel_count(); first += at_once) {
        const std::int64_t last = std::min(panel_count(), first + at_once);
        for (std::int64_t stripe = begin; stripe < end; ++stripe) {
          const int rows = static_cast<int>(std::min<std::int64_t>(kStripe, outputs - stripe * kStripe));
          for (std::int64_t panel = first; panel < last; ++panel) {
            kernel.multiply(format, weights + stripe * stripe_bytes, inputs, panels + panel * panel_size(),
                            width(panel), results + panel * kPanel, stripe * kStripe, rows);
          }
        }
      }
    });
  }
};

// The work buffer: the columns, their results, and the number of columns of each expert.
struct Work {
  const float** sources;
  float** results;
  std::int64_t* counts;

  Work(void* memory, std::int64_t columns) {
    sources = static_cast<const float**>(memory);
    results = reinterpret_cast<float**>(static_cast<std::byte*>(memory) + columns * sizeof(float*));
    counts = reinterpret_cast<std::int64_t*>(results + columns);
  }
};

std::byte* panels_of(const ggml_tensor* op, const Format& format, std::vector<std::byte>& memory) {
  const std::size_t panels = static_cast<std::size_t>(ggml_nrows(op) + kPanel - 1) / kPanel,
                    bytes = panel_bytes(format, static_cast<int>(op->src[0]->ne[0]), kPanel) * panels + 64;
  if (memory.size() < bytes) memory.resize(bytes);
  return memory.data() + (-reinterpret_cast<std::uintptr_t>(memory.data()) & 63);
}

bool pack_alike(const Format& a, const Format& b) {
  if (!a.quantised() || !b.quantised()) return a.type == b.type;
  return a.minimum == b.minimum && (a.minimum || (a.bias == b.bias && a.halves == b.halves));
}

const float* column(const ggml_tensor* t, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
  return reinterpret_cast<const float*>(static_cast<const char*>(t->data) + i1 * t->nb[1] + i2 * t->nb[2] +
                                        i3 * t->nb[3]);
}

float* column(ggml_tensor* t, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
  return const_cast<float*>(column(static_cast<const ggml_tensor*>(t), i1, i2, i3));
}

void list_columns(const ggml_tensor* from, ggml_tensor* to, const Work& work) {
  std::int64_t i = 0;
  for (std::int64_t i3 = 0; i3 < to->ne[3]; ++i3) {
    for (std::int64_t i2 = 0; i2 < to->ne[2]; ++i2) {
      for (std::int64_t i1 = 0; i1 < to->ne[1]; ++i1, ++i) {
        work.sources[i] = column(from, i1, i2, i3);
        work.results[i] = column(to, i1, i2, i3);
      }
    }
  }
}

// Columns in the order of the experts they go to. ids: [experts used, tokens].
void list_by_expert(const ggml_tensor* from, const ggml_tensor* ids, ggml_tensor* to, std::int64_t experts,
                    const Work& work) {
  const auto each = [&](auto use) {
    for (std::int64_t token = 0; token < ids->ne[1]; ++token) {
      for (std::int64_t slot = 0; slot < ids->ne[0]; ++slot) {
        std::int32_t expert;
        std::memcpy(&expert, static_cast<const char*>(ids->data) + slot * ids->nb[0] + token * ids->nb[1],
                    sizeof expert);
        GGML_ASSERT(expert >= 0 && expert < experts);
        use(expert, slot, token);
      }
    }
  };
  std::fill_n(work.counts, experts, 0);
  each([&](std::int32_t expert, std::int64_t, std::int64_t) { ++work.counts[expert]; });
  std::exclusive_scan(work.counts, work.counts + experts, work.counts, std::int64_t{0});  // where each expert's begin
  each([&](std::int32_t expert, std::int64_t slot, std::int64_t token) {
    const std::int64_t i = work.counts[expert]++;
    work.sources[i] = column(from, slot % from->ne[1], token, 0);
    work.results[i] = column(to, slot, token, 0);
  });
  std::adjacent_difference(work.counts, work.counts + experts, work.counts);  // from ends to numbers
}

}  // namespace

std::optional<WeightType> weight_type(const ggml_tensor* weights) {
  if (weights->ne[3] != 1) return std::nullopt;
  switch (weights->type) {
    case GGML_TYPE_Q4_0:
      return WeightType::q4_0;
    case GGML_TYPE_Q4_1:
      return WeightType::q4_1;
    case GGML_TYPE_Q5_0:
      return WeightType::q5_0;
    case GGML_TYPE_Q5_1:
      return WeightType::q5_1;
    case GGML_TYPE_Q8_0:
      return WeightType::q8_0;
    case GGML_TYPE_IQ4_NL:
      return WeightType::iq4_nl;
    case GGML_TYPE_Q4_K:
      return WeightType::q4_k;
    case GGML_TYPE_Q5_K:
      return WeightType::q5_k;
    case GGML_TYPE_Q6_K:
      return WeightType::q6_k;
    case GGML_TYPE_F16:
      return WeightType::f16;
    case GGML_TYPE_BF16:
      return WeightType::bf16;
    case GGML_TYPE_F32:
      return WeightType::f32;
    default:
      return std::nullopt;
  }
}

std::size_t laid_bytes(const ggml_tensor* weights) {
  return format_of(*weight_type(weights)).bytes(static_cast<int>(weights->ne[0]), weights->ne[1]) *
         static_cast<std::size_t>(weights->ne[2]);
}

void lay(ggml_tensor* weights, const void* data) {
  const Format& format = format_of(*weight_type(weights));
  const int inputs = static_cast<int>(weights->ne[0]);
  const std::int64_t outputs = weights->ne[1], stripes = (outputs + kStripe - 1) / kStripe,
                     all = stripes * weights->ne[2];
  const std::size_t row_bytes = ggml_row_size(weights->type, inputs), stripe_bytes = format.stripe_bytes(inputs);
  const auto* rows = static_cast<const std::byte*>(data);
  const auto row_of = [&](std::int64_t stripe) { return stripe / stripes * outputs + stripe % stripes * kStripe; };
  const auto lay_some = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const std::int64_t left = outputs - s % stripes * kStripe;
      lay_stripe(format, rows + row_of(s) * row_bytes, row_bytes, inputs,
                 static_cast<int>(std::min<std::int64_t>(kStripe, left)),
                 static_cast<std::byte*>(weights->data) + s * stripe_bytes);
    }
  };
  // In parts, each of which is let go before the next is read: or a loading model would need its file's size as well.
  const std::int64_t part = std::max<std::int64_t>(1, kPartBytes / static_cast<std::int64_t>(kStripe * row_bytes));
  for (std::int64_t begin = 0; begin < all; begin += part) {
    const std::int64_t end = std::min(begin + part, all);
    std::atomic<std::int64_t> next = begin;
    const auto work = [&] {
      constexpr std::int64_t at_once = 16;
      for (std::int64_t first; (first = next.fetch_add(at_once)) < end;)
        lay_some(first, std::min(first + at_once, end));
    };
    {
      // Beside a small matrix even the start of a thread takes long.
      const std::size_t most = static_cast<std::size_t>(end - begin) * stripe_bytes >> 20;
      const std::size_t helpers = std::min<std::size_t>(std::max(1u, std::thread::hardware_concurrency()) - 1, most);
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < helpers; ++i) threads.emplace_back(work);
      work();
    }
    const std::byte* from = rows + row_of(begin) * row_bytes;
    const std::byte* to = end == all ? rows + ggml_nbytes(weights) : rows + row_of(end) * row_bytes;
    release_mapped(from, static_cast<std::size_t>(to - from));
  }
}

bool covers_product(const ggml_tensor* op) {
  const ggml_tensor *weights = op->src[0], *from = op->src[1];
  if (op->type != GGML_TYPE_F32 || from->type != GGML_TYPE_F32 || from->nb[0] != sizeof(float)) return false;
  if (op->op == GGML_OP_MUL_MAT) return weights->ne[2] == 1;
  return op->op == GGML_OP_MUL_MAT_ID && op->src[2]->type == GGML_TYPE_I32;
}

std::size_t product_work(const ggml_tensor* op, int) {
  return static_cast<std::size_t>(2 * ggml_nrows(op) + op->src[0]->ne[2]) * sizeof(void*);
}

void compute_product(ggml_tensor* op, void* memory, Isa isa, Forward& forward) {
  const ggml_tensor *weights = op->src[0], *from = op->src[1];
  const Format& format = format_of(*weight_type(weights));
  const Kernel& kernels = kernel(isa, format.type);
  const Work work(memory, ggml_nrows(op));
  Columns part{format,
               static_cast<const std::byte*>(weights->data),
               static_cast<int>(weights->ne[0]),
               weights->ne[1],
               work.sources,
               work.results,
               ggml_nrows(op),
               panels_of(op, format, forward.panels)};
  if (op->op == GGML_OP_MUL_MAT) {
    list_columns(from, op, work);
    if (forward.packed != from || !pack_alike(*forward.packed_for, format)) part.pack(kernels, forward.crew);
    forward.packed = from, forward.packed_for = &format;
    return part.multiply(kernels, forward.crew);
  }
  forward.packed = nullptr;
  const std::int64_t experts = weights->ne[2];
  list_by_expert(from, op->src[2], op, experts, work);
  for (std::int64_t e = 0; e < experts; ++e) {
    part.count = work.counts[e];
    if (part.count > 0) {
      part.pack(kernels, forward.crew);
      part.multiply(kernels, forward.crew);
    }
    part.weights += format.bytes(part.inputs, part.outputs);
    part.sources += part.count;
    part.results += part.count;
  }
}

}  // namespace decant::kernels
