// Cached keys and values as attention_kernel.h multiplies them: rounded by a power of two that belongs to the cell.
#pragma once

#include <bit>
#include <cstring>
#include <limits>

#include "kernels/attention.h"
#include "kernels/attention_work.h"

namespace decant::kernels {
namespace {  // every instruction set has its own copies of these: never one for all

constexpr int kKeyBits = 12, kValueBits = 11, kWeightBits = 24;
constexpr int kInfinity = 0x7c00;  // of f16: bits of a magnitude that is none
constexpr float kBroken = 64.0f;   // instead of the exponent: the cell has a NaN or an infinity

inline float power(float exponent) { return std::bit_cast<float>((static_cast<std::int32_t>(exponent) + 127) << 23); }

template <class V>
class CellReader {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int L = V::lanes;

 public:
  CellReader(const Attention& attention, const AttentionSizes& sizes, const OwnWork& own)
      : a_(attention), sizes_(sizes), own_(own) {
    std::memset(own_.zeros, 0, sizeof(std::uint16_t) * std::max(sizes_.key_size, sizes_.value_size));
  }

  void begin(std::int64_t stream, std::int64_t first_kv_head) { stream_ = stream, first_kv_head_ = first_kv_head; }

  // Keys of L cells as pairs of dimensions, [pair][cell].
  struct Keys {
    F scales;     // what the products are to be multiplied with
    F exponents;  // of the cells' values: least e with all magnitudes below 2^e, or kBroken
    F units;      // 2^(e + kWeightBits)
  };

  // `cells`: -1 for none. `next`: so far behind them are those to fetch from memory meanwhile; 0: none.
  Keys load_keys(int kv_head, const std::int32_t* cells, int next) const {
    const std::uint16_t *rows[L], *value_rows[L];
    find_rows(a_.keys, sizes_.key_size, kv_head, cells, own_.key_scratch, rows);
    find_rows(a_.values, sizes_.value_size, kv_head, cells, own_.value_scratch, value_rows);
    const I key = largest_magnitudes(rows, sizes_.key_size, a_.keys, kv_head, cells + next);
    const I value = largest_magnitudes(value_rows, sizes_.value_size, a_.values, kv_head, cells + next);
    const I worst = V::max_u16(key, value);
    const I e = V::exponents_f16(key);
    const I of_value = V::exponents_f16(value);
    Keys keys{.scales = V::power(V::sub(e, V::set(kKeyBits))),
              .exponents = V::to_float(of_value),
              .units = V::power(V::add(of_value, V::set(kWeightBits)))};
    alignas(64) float factors[L];
    V::store(factors, V::power(V::sub(V::set(kKeyBits), e)));
    if (V::any_at_least(worst, kInfinity)) {
      keys.scales = V::choose(worst, kInfinity, V::set(std::numeric_limits<float>::quiet_NaN()), keys.scales);
      keys.exponents = V::choose(worst, kInfinity, V::set(kBroken), keys.exponents);
      std::int32_t all[L];
      V::store(all, worst);
      for (int i = 0; i < L; ++i) rows[i] = all[i] >= kInfinity ? own_.zeros : rows[i];
    }
    for (int j = 0; j < sizes_.key_size; j += 2 * L) {
      I pairs[L];
      for (int i = 0; i < L; ++i) {
        const F factor = V::set(factors[i]);
        pairs[i] = V::pack_pairs(V::rounded(V::mul(V::load_f16(rows[i] + j), factor)),
                                 V::rounded(V::mul(V::load_f16(rows[i] + j + L), factor)));
      }
      V::transpose(pairs);
      for (int i = 0; i < L; ++i) V::store(own_.keys + (j / 2 + i) * L, pairs[i]);
    }
    return keys;
  }

  // Values of some groups of cells as pairs of cells a group apart, [pair][dimension].
  void load_values(int kv_head, const std::int32_t* cells, int groups, const float* exponents) const {
    for (int group = 0; group < groups; group += 2) {
      for (int i = 0; i < kGroup; ++i) {
        const std::uint16_t* rows[2] = {own_.zeros, own_.zeros};
        float factors[2] = {0, 0};
        for (int half = 0; half < 2 && group + half < groups; ++half) {
          const int at = (group + half) * kGroup + i;
          if (cells[at] < 0 || exponents[at] == kBroken) continue;
          rows[half] = row_of_cell(a_.values, sizes_.value_size, kv_head, cells[at],
                                   own_.value_scratch + half * sizes_.value_size);
          factors[half] = power(kValueBits - exponents[at]);
        }
        const F even = V::set(factors[0]), odd = V::set(factors[1]);
        std::int32_t* to = own_.values + (group / 2 * kGroup + i) * sizes_.value_size;
        for (int d = 0; d < sizes_.value_size; d += L) {
          V::store(to + d, V::join_pairs(V::rounded(V::mul(V::load_f16(rows[0] + d), even)),
                                         V::rounded(V::mul(V::load_f16(rows[1] + d), odd))));
        }
      }
    }
  }

 private:
  const char* cell_at(const Cells& cells, int kv_head, std::int64_t cell) const {
    return cells.data + cell * cells.cell + (first_kv_head_ + kv_head) * cells.head + stream_ * cells.stream;
  }

  // The f16 numbers of some cells of a head, filled up with zeros to a multiple of 32.
  const std::uint16_t* row_of_cell(const Cells& cells, int size, int kv_head, std::int64_t cell,
                                   std::uint16_t* scratch) const {
    const char* from = cell_at(cells, kv_head, cell);
    if (!cells.to_f16 && cells.size == size) return reinterpret_cast<const std::uint16_t*>(from);
    std::memset(scratch, 0, sizeof(std::uint16_t) * size);
    if (cells.to_f16) {
      cells.to_f16(from, scratch, cells.size);
    } else {
      std::memcpy(scratch, from, sizeof(std::uint16_t) * cells.size);
    }
    return scratch;
  }

  void find_rows(const Cells& from, int size, int kv_head, const std::int32_t* cells, std::uint16_t* scratch,
                 const std::uint16_t* (&rows)[L]) const {
    for (int i = 0; i < L; ++i)
      rows[i] = cells[i] < 0 ? own_.zeros : row_of_cell(from, size, kv_head, cells[i], scratch + i * size);
  }

  // The bits of each cell's largest magnitude. Fetches other cells into the second-level cache, as the numbers of one
  // head lie scattered; inline, as a compiler may drop calls that only prefetch.
  [[gnu::always_inline]] I largest_magnitudes(const std::uint16_t* const (&rows)[L], int size, const Cells& from,
                                              int kv_head, const std::int32_t* next) const {
    I largest[L];
    for (int i = 0; i < L; ++i) {
      const char* other = cell_at(from, kv_head, std::max(next[i], 0));
      for (int line = 0; line < size * 2; line += 64) __builtin_prefetch(other + line, 0, 2);
      largest[i] = V::magnitudes_f16(rows[i]);
    }
    for (int j = 2 * L; j < size; j += 2 * L) {
      for (int i = 0; i < L; ++i) largest[i] = V::max_u16(largest[i], V::magnitudes_f16(rows[i] + j));
    }
    return V::largest_u16(largest);
  }

  const Attention& a_;
  const AttentionSizes& sizes_;
  const OwnWork& own_;
  std::int64_t stream_ = 0, first_kv_head_ = 0;
};

}  // namespace
}  // namespace decant::kernels
