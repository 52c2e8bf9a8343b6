// The work buffer of attention.h: what the threads share of a block of rows, and what each has alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

namespace decant::kernels {

struct AttentionSizes {
  int key_size, value_size;    // multiples of 32
  int queries, kv_heads;       // of a block
  int list;                    // queries of a key-value head in a block
  int chunk, chunks;           // cells of one, at most kChunk; how many
  std::int64_t groups, cells;  // cells: a multiple of kGroup
  int threads;
  bool split;

  AttentionSizes(const Attention& attention, const AttentionPlan& plan)
      : key_size((attention.keys.size + 31) / 32 * 32),
        value_size((attention.values.size + 31) / 32 * 32),
        kv_heads(plan.split ? static_cast<int>(attention.kv_heads) : 1),
        list(static_cast<int>(attention.heads / attention.kv_heads) * plan.block_rows),
        chunk(plan.chunk),
        chunks(static_cast<int>((attention.cells + chunk - 1) / chunk)),
        groups((attention.cells + kGroup - 1) / kGroup),
        cells(groups * kGroup),
        threads(plan.threads),
        split(plan.split) {
    queries = list * kv_heads;
  }
};

// Hands out parts of a buffer; of none, to learn how much is needed.
class Parts {
 public:
  explicit Parts(std::byte* begin) : begin_(begin) {}
  template <class T>
  T* take(std::int64_t count) {
    auto* part = reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(begin_) + used_);
    used_ += (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return part;
  }
  std::size_t used() const { return used_; }

 private:
  std::byte* begin_;
  std::size_t used_ = 0;
};

// Of a block of rows: its queries, the order of the cells that they see, and what is known of these.
struct BlockWork {
  std::int32_t* queries = nullptr;  // [query][pair of dimensions], int16
  float *query_scales = nullptr, *slopes = nullptr, *best_score = nullptr, *bound = nullptr;
  int* rows = nullptr;
  float* query_scratch = nullptr;
  std::int32_t *order = nullptr, *mixed_cells = nullptr;  // of a CellOrder
  std::uint8_t *places = nullptr, *mixed_places = nullptr;
  std::uint16_t* unmasked = nullptr;             // kGroup zeros
  float* scores = nullptr;                       // [group of positions][query][kGroup], where a row sees the group: by
                                                 // query they would share sets of caches
  float *exponents = nullptr, *units = nullptr;  // [kv head][position], of values
  std::uint64_t* seen = nullptr;                 // [group of positions], a bit for each row
  float *best = nullptr, *best_product = nullptr;  // [chunk][query]; best is NaN where a score is
  bool* has_sums = nullptr;                        // [thread]
  std::size_t bytes = 0;

  BlockWork() = default;
  BlockWork(const AttentionSizes& sizes, std::byte* memory) {
    Parts parts(memory);
    queries = parts.take<std::int32_t>(static_cast<std::int64_t>(sizes.queries) * sizes.key_size / 2);
    query_scales = parts.take<float>(sizes.queries);
    slopes = parts.take<float>(sizes.queries);
    best_score = parts.take<float>(sizes.queries);
    bound = parts.take<float>(sizes.queries);
    rows = parts.take<int>(sizes.queries);
    query_scratch = parts.take<float>(sizes.key_size);
    order = parts.take<std::int32_t>(sizes.cells);
    mixed_cells = parts.take<std::int32_t>(sizes.cells);
    places = parts.take<std::uint8_t>(sizes.cells);
    mixed_places = parts.take<std::uint8_t>(sizes.cells);
    unmasked = parts.take<std::uint16_t>(kGroup);
    scores = parts.take<float>(sizes.queries * sizes.cells);
    exponents = parts.take<float>(sizes.kv_heads * sizes.cells);
    units = parts.take<float>(sizes.kv_heads * sizes.cells);
    seen = parts.take<std::uint64_t>(sizes.groups);
    best = parts.take<float>(static_cast<std::int64_t>(sizes.chunks) * sizes.queries);
    best_product = parts.take<float>(static_cast<std::int64_t>(sizes.chunks) * sizes.queries);
    has_sums = parts.take<bool>(sizes.threads);
    bytes = parts.used();
  }
};

// Of a thread.
struct OwnWork {
  std::int64_t *sums, *weights;  // [query][value], [query]
  float *best, *best_product;    // [query][kGroup], of the chunk under way
  bool* broken;
  int* list;
  std::int32_t *keys, *values;
  std::uint16_t *key_scratch, *value_scratch, *zeros;
  std::byte* block;  // for a BlockWork, where the threads do not share one
  std::size_t bytes;

  OwnWork(const AttentionSizes& sizes, std::byte* memory) {
    Parts parts(memory);
    sums = parts.take<std::int64_t>(static_cast<std::int64_t>(sizes.queries) * sizes.value_size);
    weights = parts.take<std::int64_t>(sizes.queries);
    best = parts.take<float>(static_cast<std::int64_t>(sizes.queries) * kGroup);
    best_product = parts.take<float>(static_cast<std::int64_t>(sizes.queries) * kGroup);
    broken = parts.take<bool>(sizes.queries);
    list = parts.take<int>(sizes.list + 1);
    keys = parts.take<std::int32_t>(sizes.key_size / 2 * kGroup);
    values = parts.take<std::int32_t>(kChunk / 2 * sizes.value_size);
    key_scratch = parts.take<std::uint16_t>(kGroup * sizes.key_size);
    value_scratch = parts.take<std::uint16_t>(kGroup * sizes.value_size);
    zeros = parts.take<std::uint16_t>(std::max(sizes.key_size, sizes.value_size));
    block = parts.take<std::byte>(sizes.split ? 0 : static_cast<std::int64_t>(BlockWork(sizes, nullptr).bytes));
    bytes = parts.used();
  }
};

}  // namespace decant::kernels
