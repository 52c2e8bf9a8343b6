// Tested by tests/kernels/product_op_test.cpp and attention_op_test.cpp.
#include "kernels/hook.h"

#include <ggml-backend-impl.h>
#include <ggml-cpu.h>
#include <sys/mman.h>
#include <traits.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "kernels/attention_op.h"
#include "kernels/independence.h"
#include "kernels/product_op.h"

namespace decant::kernels {
namespace {

std::optional<Isa> isa;
std::atomic<bool> weights_on = false, attention_on = false, watching = false;
std::mutex scope_mutex;
std::condition_variable last_scope_ended;
int scopes = 0;
std::mutex left_mutex;
std::set<std::string> left;

void note(const ggml_tensor* op) {
  std::optional<std::string> what = dependence(op);
  if (!what) return;
  const std::lock_guard lock(left_mutex);
  left.insert(std::move(*what));
}

// ---- operations

struct ProductTraits : ggml::cpu::tensor_traits {
  bool work_size(int threads, const ggml_tensor* op, std::size_t& size) override {
    size = product_work(op, threads);
    return true;
  }
  bool compute_forward(ggml_compute_params* params, ggml_tensor* op) override {
    compute_product(params, op, *isa);
    return true;
  }
} product_traits;

struct AttentionTraits : ggml::cpu::tensor_traits {
  bool work_size(int threads, const ggml_tensor* op, std::size_t& size) override {
    size = attention_work(op, threads);
    return true;
  }
  bool compute_forward(ggml_compute_params* params, ggml_tensor* op) override {
    compute_attention(params, op, *isa);
    return true;
  }
} attention_traits;

bool ours(const ggml_tensor* weights) { return weights->buffer && weights->buffer->buft == buffer_type(); }

bool is_product(const ggml_tensor* op) { return op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID; }

struct Hook : ggml::cpu::extra_buffer_type {
  // Asked with a sample operation, whose weights have no data yet, for each weight of a model that loads; and later for
  // every operation of a graph.
  bool supports_op(ggml_backend_dev_t, const ggml_tensor* op) override {
    if (!is_product(op) || !ours(op->src[0]) || !covers_product(op)) return false;
    if (op->src[1]->buffer && !ggml_backend_buft_is_host(op->src[1]->buffer->buft)) return false;
    return (op->src[0]->data || weights_on) && isa && weight_type(op->src[0]);
  }

  ggml::cpu::tensor_traits* get_tensor_traits(const ggml_tensor* op) override {
    if (is_product(op) && ours(op->src[0])) return &product_traits;
    if (attention_on && isa && covers_attention(op)) return &attention_traits;
    if (watching) note(op);
    return nullptr;
  }
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

ggml_backend_buffer_type* buffer_type() {
  static Hook hook;
  static ggml_backend_buffer_type type{
      .iface = {.get_name = [](ggml_backend_buffer_type_t) { return "decant"; },
                .alloc_buffer = allocate,
                .get_alignment = [](ggml_backend_buffer_type_t) { return std::size_t{64}; },
                .get_max_size = nullptr,
                .get_alloc_size = [](ggml_backend_buffer_type_t,
                                     const ggml_tensor* t) { return weight_type(t) ? laid_bytes(t) : ggml_nbytes(t); },
                .is_host = nullptr},
      .device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
      .context = &hook};
  return &type;
}

void install() {
  static std::once_flag once;
  std::call_once(once, [] {
    isa = best_isa();
    auto& types = ggml_backend_cpu_get_extra_buffer_types();
    types.insert(types.begin(), buffer_type());
  });
}

void take_weights(bool on) { weights_on = on; }
std::optional<Isa> active_isa() { return isa; }
void use_isa(Isa which) { isa = which; }

AttentionScope::AttentionScope(bool ours) {
  std::unique_lock lock(scope_mutex);
  last_scope_ended.wait(lock, [&] { return scopes == 0 || attention_on == ours; });
  attention_on = ours;
  ++scopes;
}

AttentionScope::~AttentionScope() {
  const std::lock_guard lock(scope_mutex);
  if (--scopes > 0) return;
  attention_on = false;
  last_scope_ended.notify_all();
}

void watch(bool on) {
  const std::lock_guard lock(left_mutex);
  watching = on;
  if (on) left.clear();
}

std::vector<std::string> left_to_ggml() {
  const std::lock_guard lock(left_mutex);
  return {left.begin(), left.end()};
}

}  // namespace decant::kernels
