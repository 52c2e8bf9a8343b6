// Tested by tests/kernels/product_op_test.cpp and attention_op_test.cpp.
#include "kernels/hook.h"

#include <ggml-backend-impl.h>
#include <ggml-cpu-impl.h>
#include <ggml-cpu.h>
#include <sys/mman.h>
#include <traits.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>

#include "kernels/attention_op.h"
#include "kernels/forward.h"
#include "kernels/independence.h"
#include "kernels/product_op.h"
#include "kernels/row_ops.h"

namespace decant::kernels {
namespace {

thread_local std::optional<Isa> loading;  // what LoadScope says

// ---- operations

// What take() has written on an operation; without, one thread computes it.
Forward& forward_of(const ggml_tensor* op) {
  static thread_local Forward alone(1);
  alone.packed = nullptr;
  return op->extra ? *static_cast<Forward*>(op->extra) : alone;
}

template <std::size_t (*work)(const ggml_tensor* op, int threads), void (*compute)(ggml_tensor*, void*, Isa, Forward&)>
struct Traits : ggml::cpu::tensor_traits {
  explicit Traits(Isa which) : isa(which) {}
  bool work_size(int, const ggml_tensor* op, std::size_t& size) override {
    size = work(op, forward_of(op).crew.threads());
    return true;
  }
  bool compute_forward(ggml_compute_params* params, ggml_tensor* op) override {
    Forward& forward = forward_of(op);
    if (params->ith > 0) {
      if (op->extra) forward.crew.help(params->ith);
      return true;
    }
    compute(op, params->wdata, isa, forward);
    if (params->nth > 1 && op->extra) forward.crew.finish();
    return true;
  }
  const Isa isa;
};
using ProductTraits = Traits<product_work, compute_product>;
using AttentionTraits = Traits<attention_work, compute_attention>;
using RowTraits = Traits<row_work, compute_rows>;

bool is_product(const ggml_tensor* op) { return op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID; }

// Computed by a device, not by the CPU.
bool is_of_device(const ggml_tensor* op) { return op->buffer && !ggml_backend_buffer_is_host(op->buffer); }

// The last of an operation's parameters, of which attention uses the first four: which of our kernels computes it.
constexpr std::size_t kMark = GGML_MAX_OP_PARAMS / sizeof(std::int32_t) - 1;
constexpr std::int32_t mark_of(Isa isa) { return 0x6463'6100 + static_cast<std::int32_t>(isa); }

bool is_marked(const ggml_tensor* op, Isa isa) {
  return op->op == GGML_OP_FLASH_ATTN_EXT && op->op_params[kMark] == mark_of(isa);
}

// All of one instruction set.
struct Hook : ggml::cpu::extra_buffer_type {
  explicit Hook(Isa which) : isa(which), product_traits(which), attention_traits(which), row_traits(which) {}

  bool has(const ggml_tensor* weights) const { return weights->buffer && weights->buffer->buft == buffer_type(isa); }

  // Asked with a sample operation, whose weights have no data yet, for each weight of a model that loads, by the thread
  // that loads it; and later for every operation of a graph.
  bool supports_op(ggml_backend_dev_t, const ggml_tensor* op) override {
    if (!is_product(op) || !has(op->src[0]) || !covers_product(op)) return false;
    if (op->src[1]->buffer && !ggml_backend_buft_is_host(op->src[1]->buffer->buft)) return false;
    return (op->src[0]->data || loading == isa) && weight_type(op->src[0]);
  }

  ggml::cpu::tensor_traits* get_tensor_traits(const ggml_tensor* op) override {
    if (is_product(op) && has(op->src[0])) return &product_traits;
    if (is_marked(op, isa)) return &attention_traits;
    if (op->extra && is_row_op(op)) return &row_traits;
    return nullptr;
  }

  const Isa isa;
  ProductTraits product_traits;
  AttentionTraits attention_traits;
  RowTraits row_traits;
};

// ---- the buffer type

ggml_status init_tensor(ggml_backend_buffer_t, ggml_tensor*) { return GGML_STATUS_SUCCESS; }

void set_tensor(ggml_backend_buffer_t, ggml_tensor* tensor, const void* data, std::size_t offset, std::size_t size) {
  GGML_ASSERT(offset == 0 && size == ggml_nbytes(tensor));
  lay(tensor, data);
}

// Weights are read from end to end: with pages of 2 MB the memory's own prefetching is rarely interrupted.
void use_large_pages(void* begin, std::size_t size) {
  constexpr std::uintptr_t page = 2 << 20;
  const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  const auto last = (reinterpret_cast<std::uintptr_t>(begin) + size) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);  // only advice
}

ggml_backend_buffer_t allocate(ggml_backend_buffer_type_t type, std::size_t size) {
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
  if (!buffer) return nullptr;
  use_large_pages(ggml_backend_buffer_get_base(buffer), size);
  buffer->buft = type;
  buffer->iface.init_tensor = init_tensor;
  buffer->iface.set_tensor = set_tensor;
  buffer->iface.get_tensor = nullptr;
  buffer->iface.cpy_tensor = nullptr;
  return buffer;
}

}  // namespace

ggml_backend_buffer_type* buffer_type(Isa isa) {
  static std::array hooks{Hook(Isa::plain), Hook(Isa::avx2), Hook(Isa::avx_vnni), Hook(Isa::avx512_vnni)};
  const auto type = [](Hook& hook) {
    return ggml_backend_buffer_type{
        .iface = {
            .get_name = [](ggml_backend_buffer_type_t) { return "decant"; },
            .alloc_buffer = allocate,
            .get_alignment = [](ggml_backend_buffer_type_t) { return std::size_t{64}; },
            .get_max_size = nullptr,
            .get_alloc_size = [](ggml_backend_buffer_type_t,
                                 const ggml_tensor* t) { return weight_type(t) ? laid_bytes(t) : ggml_nbytes(t); },
            .is_host = nullptr},
        .device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
        .context = &hook};
  };
  static std::array types{type(hooks[0]), type(hooks[1]), type(hooks[2]), type(hooks[3])};
  return &types[static_cast<std::size_t>(isa)];
}

void install() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto& types = ggml_backend_cpu_get_extra_buffer_types();
    for (const Isa isa : available_isas()) types.insert(types.begin(), buffer_type(isa));
  });
}

std::optional<Isa> default_isa() {
  static const std::optional<Isa> isa = best_isa();
  return isa;
}

LoadScope::LoadScope(std::optional<Isa> isa) : outer_(std::exchange(loading, isa)) {}
LoadScope::~LoadScope() { loading = outer_; }

bool covers(const ggml_tensor* op, Isa isa) {
  return covers_attention(op) || (is_product(op) && op->src[0]->buffer && op->src[0]->buffer->buft == buffer_type(isa));
}

void take(ggml_tensor* op, Isa isa, Forward& forward) {
  if (is_of_device(op)) return;
  const bool ours = covers(op, isa);
  const bool rows = !ours && (is_norm(op) || (forward.crew.has_threads() && worth_sharing(op)));
  if (!ours && !rows) return;
  if (ours && !is_product(op)) op->op_params[kMark] = mark_of(isa);
  if (op->op == GGML_OP_RMS_NORM)
    op->flags |= GGML_TENSOR_FLAG_OUTPUT;  // or ggml computes a norm and the product behind it at once
  op->extra = &forward;
}

std::optional<std::string> left_to_ggml(const ggml_tensor* op) {
  if (is_of_device(op)) return std::nullopt;
  for (const Isa isa : available_isas()) {
    if (is_marked(op, isa)) return std::nullopt;
    if (is_product(op) && op->src[0]->buffer && op->src[0]->buffer->buft == buffer_type(isa)) return std::nullopt;
  }
  return dependence(op);
}

}  // namespace decant::kernels
