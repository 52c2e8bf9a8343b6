// Tested by tests/kernels/attention_test.cpp.
#include "kernels/attention.h"

#include "kernels/attention_kernel.h"
#include "kernels/simd_plain.h"

namespace decant::kernels {
namespace {

constexpr std::int64_t kAloneBytes = 512 << 10;  // of scores: they stay in the second-level cache
constexpr std::int64_t kLongBytes = 6 << 20;     // rather than to convert long caches for every few rows again
constexpr std::int64_t kLongRows = 32;
constexpr std::int64_t kSplitBytes = 16 << 20;
constexpr std::int64_t kShort = 256;  // cells: below, sharing them costs more in barriers than it saves

std::int64_t rows_within(std::int64_t bytes, std::int64_t heads, std::int64_t cells) {
  return std::clamp<std::int64_t>(bytes / (heads * cells * static_cast<std::int64_t>(sizeof(float)) + 1), 1, kMostRows);
}

std::int64_t parts(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

}  // namespace

const Attend kPlainAttend = attend_by<Plain>;

AttentionPlan plan_attention(const Attention& attention, int threads) {
  const std::int64_t rows = attention.rows, kv_heads = attention.kv_heads, blocks = attention.streams * kv_heads;
  AttentionPlan plan{.split = false, .block_rows = 1, .threads = threads};
  const std::int64_t group = attention.heads / kv_heads;
  const std::int64_t of_long = std::min(kLongRows, rows_within(kLongBytes, group, attention.cells));
  std::int64_t block = std::min(rows, std::max(of_long, rows_within(kAloneBytes, group, attention.cells)));
  if (blocks * parts(rows, block) < 4 * threads && threads > 1) {
    plan.split = attention.cells > kShort;
    block = plan.split ? std::min(rows, rows_within(kSplitBytes, attention.heads, attention.cells))
                       : std::clamp<std::int64_t>(parts(rows * blocks, 2 * threads), 1, block);
  }
  plan.block_rows = static_cast<int>(block);
  if (plan.split) {  // as many for each thread
    const std::int64_t chunks = parts(parts(attention.cells, kChunk), threads) * threads;
    plan.chunk = static_cast<int>(parts(parts(attention.cells, chunks), 2 * kGroup) * 2 * kGroup);
  }
  const AttentionSizes sizes(attention, plan);
  plan.bytes_per_thread = OwnWork(sizes, nullptr).bytes;
  plan.shared_bytes = plan.split ? BlockWork(sizes, nullptr).bytes : 0;
  return plan;
}

Attend attend(Isa isa) {
  switch (isa) {
#ifdef __x86_64__
    case Isa::avx2:
      return kAvx2Attend;
    case Isa::avx_vnni:
      return kAvxVnniAttend;
    case Isa::avx512_vnni:
      return kAvx512Attend;
#endif
    default:
      return kPlainAttend;
  }
}

}  // namespace decant::kernels
