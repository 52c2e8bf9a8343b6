// Attention of some queries over cached keys and values, such that a query's result depends on itself and on the *set*
// of the cells that it sees: not on their order, nor on holes between them, other queries, other cells or threads.
//
// Whatever crosses cells is therefore a maximum or a sum of integers, neither of which has an order:
//   score    a query and the key of a cell are rounded to int16 by a scale of their own, multiplied in int32, scaled,
//            capped and biased as ggml_flash_attn_ext has it, in f32;
//   weight   w = 2^((score - largest score) / ln 2); the denominator is the sum of w in units of 2^-25;
//   value    of a cell is rounded to 11 bits below the power of two 2^e that bounds the cell's values; w * 2^e in units
//   of
//            2^(E - 24) is an integer of 24 bits (E bounds the largest w * 2^e that the query sees), of which the upper
//            and the lower 12 bits are multiplied and summed apart, 256 cells at a time in int32, then in int64.
// A cell with a NaN or an infinity makes the results of all who see it NaN; so does such a query its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"

namespace decant::kernels {

class Crew;

inline constexpr int kGroup = 16;     // cells that are skipped or taken together
inline constexpr int kChunk = 256;    // cells: as many as the sums of 12 by 11 bits may have in int32
inline constexpr int kMostRows = 64;  // in a block: a bit each

// Cells of one kind: of cell c, head h, stream s the numbers at data + c * cell + h * head + s * stream bytes.
struct Cells {
  const char* data = nullptr;
  std::size_t cell = 0, head = 0, stream = 0;
  int size = 0;                                                              // numbers
  void (*to_f16)(const void* from, std::uint16_t* to, int count) = nullptr;  // null: they are f16
};

struct Attention {
  std::int64_t streams = 1, rows = 1, heads = 1, kv_heads = 1, cells = 0;
  Cells keys, values;

  const char* queries = nullptr;                                // f32
  std::size_t query_row = 0, query_head = 0, query_stream = 0;  // bytes

  const char* mask = nullptr;                 // f16 [cell], added to the score; -inf: not seen. Null: all are seen.
  std::size_t mask_row = 0, mask_stream = 0;  // bytes
  std::int64_t mask_streams = 1;              // repeated

  const float* sinks = nullptr;  // of each head, a score without a value
  float scale = 1, max_bias = 0, softcap = 0;

  char* results = nullptr;  // f32
  std::size_t result_row = 0, result_head = 0, result_stream = 0;
};

// How the work is cut; free, as no cut changes a bit.
struct AttentionPlan {
  bool split;      // threads share the cells of all heads; else one has all of a head
  int block_rows;  // rows at a time, at most kMostRows
  int threads;
  int chunk = kChunk;  // cells at a time, at most kChunk: a multiple of two groups
  std::size_t bytes_per_thread = 0, shared_bytes = 0;

  std::size_t bytes() const { return shared_bytes + bytes_per_thread * static_cast<std::size_t>(threads) + 64; }
};

AttentionPlan plan_attention(const Attention& attention, int threads);

// With a plan for the crew's threads, and a work buffer of its size.
using Attend = void (*)(const Attention& attention, const AttentionPlan& plan, std::byte* work, Crew& crew);
Attend attend(Isa isa);

extern const Attend kPlainAttend, kAvx2Attend, kAvxVnniAttend, kAvx512Attend;

}  // namespace decant::kernels
