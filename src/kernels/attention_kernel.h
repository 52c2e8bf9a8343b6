// The algorithm of attention.h, over a vector class V (simd_*.h). Compiled once for every Isa.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/attention.h"
#include "kernels/attention_work.h"

namespace decant::kernels {
namespace {  // every instruction set has its own copies of these: never one for all

constexpr float kLog2E = 1.44269504f;
constexpr int kKeyBits = 12, kValueBits = 11, kWeightBits = 24, kDenominatorBits = 25;
constexpr int kInfinity = 0x7c00;  // of f16: bits of a magnitude that is none
constexpr float kBroken = 64.0f;   // instead of the exponent: the cell has a NaN or an infinity
constexpr float kNone = -std::numeric_limits<float>::infinity();

template <class V>
class Attender {
  using F = typename V::F;
  using I = typename V::I;
  static constexpr int L = V::lanes;
  static constexpr int kScored = V::max_columns, kWeighed = V::max_columns / 2;  // queries at once: what registers hold

 public:
  Attender(const Attention& attention, const AttentionPlan& plan, std::byte* memory, const Team& team)
      : a_(attention), plan_(plan), sizes_(attention, plan), team_(team), memory_(memory), own_(own_work(team.thread)) {
    std::memset(own_.zeros, 0, sizeof(std::uint16_t) * std::max(sizes_.key_size, sizes_.value_size));
    std::memset(own_.query_scratch, 0, sizeof(float) * sizes_.key_size);
  }

  void run() {
    if (plan_.split) {
      run_split();
    } else {
      run_alone();
    }
  }

 private:
  // Some rows, and the heads of one or of all key-value heads.
  struct Block {
    std::int64_t stream, first_row, first_kv_head;
    int rows, kv_heads;
  };

  // ---- schedules

  void run_alone() {
    const BlockWork shared(sizes_, own_.block);
    const std::int64_t row_blocks = (a_.rows + plan_.block_rows - 1) / plan_.block_rows;
    for (std::int64_t unit = team_.thread; unit < a_.streams * row_blocks * a_.kv_heads; unit += team_.threads) {
      const std::int64_t row = unit / a_.kv_heads % row_blocks * plan_.block_rows;
      begin({unit / a_.kv_heads / row_blocks, row, unit % a_.kv_heads, rows_from(row), 1}, shared);
      for (int chunk = 0; chunk < sizes_.chunks; ++chunk) score(chunk);
      find_best();
      for (int chunk = 0; chunk < sizes_.chunks; ++chunk) weigh(chunk);
      for (int q = 0; q < queries(); ++q) finish(q, team_.thread, team_.thread + 1);
    }
  }

  void run_split() {
    const BlockWork shared(sizes_, memory_);
    for (std::int64_t stream = 0; stream < a_.streams; ++stream) {
      for (std::int64_t row = 0; row < a_.rows; row += plan_.block_rows) {
        if (stream + row > 0) team_.barrier(team_.context);
        begin({stream, row, 0, rows_from(row), static_cast<int>(a_.kv_heads)}, shared);
        for (int chunk = team_.thread; chunk < sizes_.chunks; chunk += team_.threads) score(chunk);
        team_.barrier(team_.context);
        find_best();
        for (int chunk = team_.thread; chunk < sizes_.chunks; chunk += team_.threads) weigh(chunk);  // in its cache since
        team_.barrier(team_.context);
        for (int q = team_.thread; q < queries(); q += team_.threads) finish(q, 0, team_.threads);
      }
    }
  }

  int rows_from(std::int64_t row) const { return static_cast<int>(std::min<std::int64_t>(plan_.block_rows, a_.rows - row)); }
  OwnWork own_work(int thread) const {
    return OwnWork(sizes_, memory_ + plan_.shared_bytes + plan_.bytes_per_thread * static_cast<std::size_t>(thread));
  }

  // ---- queries: by head, and of a head by row

  int group() const { return static_cast<int>(a_.heads / a_.kv_heads); }
  int queries() const { return block_.kv_heads * group() * block_.rows; }
  std::int64_t head_of(int q) const { return block_.first_kv_head * group() + q / block_.rows; }
  std::int64_t row_of(int q) const { return block_.first_row + q % block_.rows; }

  void begin(const Block& block, const BlockWork& shared) {
    block_ = block;
    shared_ = shared;
    const int count = queries();
    std::memset(own_.sums, 0, sizeof(std::int64_t) * count * sizes_.value_size);
    std::memset(own_.weights, 0, sizeof(std::int64_t) * count);
    for (int q = 0; q < count; ++q) {
      own_.rows[q] = q % block_.rows;  // divisions are slow
      own_.slopes[q] = slope(head_of(q));
      round_query(q);
    }
  }

  // To int16, such that the sum of its products with a key stays within int32.
  void round_query(int q) {
    const char* from = a_.queries + row_of(q) * a_.query_row + head_of(q) * a_.query_head + block_.stream * a_.query_stream;
    std::memcpy(own_.query_scratch, from, sizeof(float) * a_.keys.size);  // behind it are zeros
    std::uint32_t largest = 0;
    for (int i = 0; i < sizes_.key_size; i += 16) largest = std::max(largest, V::magnitude(own_.query_scratch + i));
    const bool finite = largest < 0x7f800000;
    const float most = std::min(32767.0f, 0x1p19f / static_cast<float>(sizes_.key_size));
    float factor = most / std::bit_cast<float>(largest);
    if (!finite || !(factor < 0x1p120f)) factor = 0;  // the latter: zeros, or nearly
    std::int32_t* to = own_.queries + static_cast<std::ptrdiff_t>(q) * sizes_.key_size / 2;
    const auto rounded = [&](int i) { return factor == 0 ? V::set(0) : V::rounded(V::mul(V::load(own_.query_scratch + i), V::set(factor))); };
    for (int i = 0; i < sizes_.key_size; i += 2 * L) V::store(to + i / 2, V::pack_pairs(rounded(i), rounded(i + L)));  // as the keys
    const float scale = a_.softcap == 0 ? a_.scale : a_.scale / a_.softcap;
    own_.query_scales[q] = !finite ? std::numeric_limits<float>::quiet_NaN() : factor == 0 ? 0.0f : scale / factor;
  }

  // ---- cells

  const char* cell_at(const Cells& cells, int kv_head, std::int64_t cell) const {
    return cells.data + cell * cells.cell + (block_.first_kv_head + kv_head) * cells.head + block_.stream * cells.stream;
  }

  // The f16 numbers of some cells of a head, filled up with zeros to a multiple of 32.
  const std::uint16_t* row_of_cell(const Cells& cells, int size, int kv_head, std::int64_t cell, std::uint16_t* scratch) const {
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

  // Keys of L cells as pairs of dimensions, [pair][cell].
  struct Keys {
    F scales;     // what the products are to be multiplied with
    F exponents;  // of the cells' values: least e with all magnitudes below 2^e, or kBroken
    F units;      // 2^(e + kWeightBits)
  };

  // Of L cells, those beyond `count` all zeros.
  void find_rows(const Cells& cells, int size, int kv_head, std::int64_t cell, int count, std::uint16_t* scratch, const std::uint16_t* (&rows)[L]) const {
    if (count >= L && !cells.to_f16 && cells.size == size) {
      const char* first = cell_at(cells, kv_head, cell);
      for (int i = 0; i < L; ++i) rows[i] = reinterpret_cast<const std::uint16_t*>(first + i * cells.cell);
      return;
    }
    for (int i = 0; i < L; ++i) rows[i] = i < count ? row_of_cell(cells, size, kv_head, cell + i, scratch + i * size) : own_.zeros;
  }

  // The bits of each cell's largest magnitude. Fetches the cells behind these into the second-level cache, as the numbers of
  // one head lie scattered; inline, as a compiler may drop calls that only prefetch.
  [[gnu::always_inline]] static I largest_magnitudes(const std::uint16_t* const (&rows)[L], int size, std::size_t ahead) {
    I largest[L];
    for (int i = 0; i < L; ++i) {
      __builtin_prefetch(rows[i] + ahead, 0, 2);
      largest[i] = V::magnitudes_f16(rows[i]);
    }
    for (int j = 2 * L; j < size; j += 2 * L) {
      for (int i = 0; i < L; ++i) {
        __builtin_prefetch(rows[i] + ahead + j, 0, 2);
        largest[i] = V::max_u16(largest[i], V::magnitudes_f16(rows[i] + j));
      }
    }
    return V::largest_u16(largest);
  }

  Keys load_keys(int kv_head, std::int64_t cell, int count) const {
    const std::uint16_t *rows[L], *value_rows[L];
    find_rows(a_.keys, sizes_.key_size, kv_head, cell, count, own_.key_scratch, rows);
    find_rows(a_.values, sizes_.value_size, kv_head, cell, count, own_.value_scratch, value_rows);
    const I key = largest_magnitudes(rows, sizes_.key_size, kGroup * a_.keys.cell / sizeof(std::uint16_t));
    const I value = largest_magnitudes(value_rows, sizes_.value_size, kGroup * a_.values.cell / sizeof(std::uint16_t));
    const I worst = V::max_u16(key, value);
    const I e = V::exponents_f16(key);
    const I of_value = V::exponents_f16(value);
    Keys keys{.scales = V::power(V::sub(e, V::set(kKeyBits))), .exponents = V::to_float(of_value), .units = V::power(V::add(of_value, V::set(kWeightBits)))};
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
        pairs[i] = V::pack_pairs(V::rounded(V::mul(V::load_f16(rows[i] + j), factor)), V::rounded(V::mul(V::load_f16(rows[i] + j + L), factor)));
      }
      V::transpose(pairs);
      for (int i = 0; i < L; ++i) V::store(own_.keys + (j / 2 + i) * L, pairs[i]);
    }
    return keys;
  }

  // Values of a chunk's cells as pairs of cells, [pair][dimension].
  void load_values(int kv_head, int chunk, const std::uint64_t* seen) const {
    const std::int64_t first = first_of(chunk), last = end_of(chunk);
    const float* exponents = shared_.exponents + kv_head * sizes_.cells;
    for (std::int64_t cell = first; cell < last; cell += 2) {
      if (!seen[(cell - first) / kGroup]) continue;
      const std::uint16_t* rows[2] = {own_.zeros, own_.zeros};
      float factors[2] = {0, 0};
      for (int i = 0; i < 2; ++i) {
        if (cell + i >= last || exponents[cell + i] == kBroken) continue;
        rows[i] = row_of_cell(a_.values, sizes_.value_size, kv_head, cell + i, own_.value_scratch + i * sizes_.value_size);
        factors[i] = power(kValueBits - exponents[cell + i]);
      }
      const F even = V::set(factors[0]), odd = V::set(factors[1]);
      std::int32_t* to = own_.values + (cell - first) / 2 * sizes_.value_size;
      for (int d = 0; d < sizes_.value_size; d += L) {
        V::store(to + d, V::join_pairs(V::rounded(V::mul(V::load_f16(rows[0] + d), even)), V::rounded(V::mul(V::load_f16(rows[1] + d), odd))));
      }
    }
  }

  static float power(float exponent) { return std::bit_cast<float>((static_cast<std::int32_t>(exponent) + 127) << 23); }

  // ---- scores

  // The mask of kGroup cells for each row: added numbers, -inf for cells that are not there. Which rows see any of them.
  std::uint64_t load_masks(std::int64_t cell, int count, float (*masks)[kGroup]) const {
    std::uint64_t seen = 0;
    for (int r = 0; r < block_.rows; ++r) {
      alignas(64) std::uint16_t padded[kGroup];
      const std::uint16_t* from = padded;
      if (a_.mask) {
        from = reinterpret_cast<const std::uint16_t*>(a_.mask + (block_.first_row + r) * a_.mask_row + block_.stream % a_.mask_streams * a_.mask_stream) + cell;
      }
      if (!a_.mask || count < kGroup) {
        for (int i = 0; i < kGroup; ++i) padded[i] = i >= count ? 0xfc00 : a_.mask ? from[i] : 0;
        from = padded;
      }
      bool any = false;
      for (int lane = 0; lane < kGroup; lane += L) {
        const F mask = V::load_f16(from + lane);
        V::store(masks[r] + lane, mask);
        any |= V::any_above(mask, kNone);
      }
      seen |= static_cast<std::uint64_t>(any) << r;
    }
    return seen;
  }

  float slope(std::int64_t head) const {  // of ALiBi (Press et al. 2022), as ggml has it
    if (a_.max_bias <= 0) return 1;
    const auto floor2 = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(a_.heads)));
    return head < floor2 ? std::pow(std::pow(2.0f, -a_.max_bias / static_cast<float>(floor2)), static_cast<float>(head + 1))
                         : std::pow(std::pow(2.0f, -a_.max_bias / 2 / static_cast<float>(floor2)), static_cast<float>(2 * (head - floor2) + 1));
  }

  std::int64_t first_of(int chunk) const { return static_cast<std::int64_t>(chunk) * sizes_.chunk; }
  std::int64_t end_of(int chunk) const { return std::min<std::int64_t>(first_of(chunk) + sizes_.chunk, a_.cells); }

  // All heads of some cells after another, as they lie in the memory.
  void score(int chunk) {
    for (int q = 0; q < queries(); ++q) {
      V::store(own_.best + q * kGroup, V::set(kNone));
      V::store(own_.best_product + q * kGroup, V::set(kNone));
      own_.broken[q] = false;
    }
    float masks[kMostRows][kGroup];
    for (std::int64_t cell = first_of(chunk); cell < end_of(chunk); cell += kGroup) {
      const int cells = static_cast<int>(std::min<std::int64_t>(kGroup, end_of(chunk) - cell));
      const std::uint64_t seen = load_masks(cell, cells, masks);
      shared_.seen[cell / kGroup] = seen;
      if (!seen) continue;
      for (int kv_head = 0; kv_head < block_.kv_heads; ++kv_head) {
        const int wanted = list_queries(kv_head, [&](int q) { return seen >> own_.rows[q] & 1; });
        for (int lane = 0; lane < kGroup; lane += L) {
          const Keys keys = load_keys(kv_head, cell + lane, cells - lane);
          V::store(shared_.exponents + kv_head * sizes_.cells + cell + lane, keys.exponents);
          V::store(shared_.units + kv_head * sizes_.cells + cell + lane, keys.units);
          for (int i = 0; i < wanted; i += kScored) score_some(own_.list + i, std::min(kScored, wanted - i), keys, masks, cell, lane);
        }
      }
    }
    for (int q = 0; q < queries(); ++q) {
      const auto at = static_cast<std::ptrdiff_t>(chunk) * sizes_.queries + q;
      shared_.best[at] = own_.broken[q] ? std::numeric_limits<float>::quiet_NaN() : V::largest(V::load(own_.best + q * kGroup));
      shared_.best_product[at] = V::largest(V::load(own_.best_product + q * kGroup));
    }
  }

  int list_queries(int kv_head, auto wanted) const {
    const int each = group() * block_.rows;
    int count = 0;
    for (int q = kv_head * each; q < (kv_head + 1) * each; ++q) {
      own_.list[count] = q;
      count += wanted(q) ? 1 : 0;
    }
    return count;
  }

  void score_some(const int* list, int count, const Keys& keys, const float (*masks)[kGroup], std::int64_t cell, int lane) {
    switch (count) {
      case 1: return score_queries<1>(list, keys, masks, cell, lane);
      case 2: return score_queries<2>(list, keys, masks, cell, lane);
      case 3: return score_queries<3>(list, keys, masks, cell, lane);
      case 4: return score_queries<4>(list, keys, masks, cell, lane);
      default:
        if constexpr (kScored > 4) {
          switch (count) {
            case 5: return score_queries<5>(list, keys, masks, cell, lane);
            case 6: return score_queries<6>(list, keys, masks, cell, lane);
            case 7: return score_queries<7>(list, keys, masks, cell, lane);
            case 8: return score_queries<8>(list, keys, masks, cell, lane);
          }
        }
    }
  }

  template <int C>
  void score_queries(const int* list, const Keys& keys, const float (*masks)[kGroup], std::int64_t cell, int lane) {
    I products[C];
    const std::int32_t* queries[C];
    for (int c = 0; c < C; ++c) {
      products[c] = V::set(0);
      queries[c] = own_.queries + static_cast<std::ptrdiff_t>(list[c]) * sizes_.key_size / 2;
    }
    for (int pair = 0; pair < sizes_.key_size / 2; ++pair) {
      const I key = V::load(own_.keys + pair * L);
      for (int c = 0; c < C; ++c) products[c] = V::dot_pairs(products[c], key, V::set(queries[c][pair]));
    }
    for (int c = 0; c < C; ++c) {
      const int q = list[c];
      F score = V::mul(V::to_float(products[c]), V::mul(V::set(own_.query_scales[q]), keys.scales));
      if (a_.softcap != 0) score = cap(score);
      const F mask = V::load(masks[own_.rows[q]] + lane);
      score = V::hide(V::fma(V::set(own_.slopes[q]), mask, score), mask);
      V::store(shared_.scores + q * sizes_.cells + cell + lane, score);
      float* best = own_.best + q * kGroup;
      V::store(best, V::max(score, V::load(best)));
      float* product = own_.best_product + q * kGroup;
      V::store(product, V::max(V::fma(score, V::set(kLog2E), keys.exponents), V::load(product)));
      own_.broken[q] |= V::any_nan(score);
    }
  }

  F cap(F score) const {
    float each[L];
    V::store(each, score);
    for (float& x : each) x = a_.softcap * std::tanh(x);
    return V::load(each);
  }

  static I two(const std::int16_t* pair) {
    std::int32_t both;
    std::memcpy(&both, pair, sizeof both);
    return V::set(both);
  }

  // ---- weights and values

  // Of each query over all chunks: the largest score, and E.
  void find_best() {
    for (int q = 0; q < queries(); ++q) {
      float best = kNone, product = kNone;
      bool broken = false;
      for (int chunk = 0; chunk < sizes_.chunks; ++chunk) {
        const float score = shared_.best[chunk * sizes_.queries + q];
        broken |= std::isnan(score);
        best = score > best ? score : best;
        product = std::max(product, shared_.best_product[chunk * sizes_.queries + q]);
      }
      if (best == std::numeric_limits<float>::infinity()) broken = true;
      own_.best_score[q] = broken ? std::numeric_limits<float>::quiet_NaN() : best;
      if (broken || best == kNone) {
        own_.bound[q] = 0;
      } else {  // a quarter of room, as both numbers are rounded
        const float above_best = std::fabs(best) < 0x1p16f ? std::fma(-best, kLog2E, product) : largest_product(q, best);
        own_.bound[q] = std::floor(above_best + 0.25f) + 1.0f;
      }
    }
  }

  // (score - best) / ln 2 + exponent at most, where scores are so large that this must not be had by a difference of maxima.
  float largest_product(int q, float best) const {
    const int kv_head = q / (group() * block_.rows);
    F largest = V::set(kNone);
    for (std::int64_t g = 0; g < sizes_.groups; ++g) {
      if (!(shared_.seen[g] >> own_.rows[q] & 1)) continue;
      for (std::int64_t cell = g * kGroup; cell < (g + 1) * kGroup; cell += L) {
        const F below = V::sub(V::load(shared_.scores + q * sizes_.cells + cell), V::set(best));
        largest = V::max(V::fma(below, V::set(kLog2E), V::load(shared_.exponents + kv_head * sizes_.cells + cell)), largest);
      }
    }
    return V::largest(largest);
  }

  void weigh(int chunk) {
    const std::uint64_t* seen = shared_.seen + first_of(chunk) / kGroup;
    const int groups = static_cast<int>((end_of(chunk) - first_of(chunk) + kGroup - 1) / kGroup);
    std::uint64_t by_any = 0;
    for (int g = 0; g < groups; ++g) by_any |= seen[g];
    if (!by_any) return;
    for (int kv_head = 0; kv_head < block_.kv_heads; ++kv_head) weigh(kv_head, chunk, seen, groups, by_any);
  }

  void weigh(int kv_head, int chunk, const std::uint64_t* seen, int groups, std::uint64_t by_any) {
    load_values(kv_head, chunk, seen);
    const int wanted = list_queries(kv_head, [&](int q) { return by_any >> own_.rows[q] & 1 && !std::isnan(own_.best_score[q]); });
    for (int i = 0; i < wanted; i += kWeighed) {
      const int* list = own_.list + i;
      switch (std::min(kWeighed, wanted - i)) {
        case 1: weigh_queries<1>(list, kv_head, chunk, seen, groups); break;
        case 2: weigh_queries<2>(list, kv_head, chunk, seen, groups); break;
        case 3: if constexpr (kWeighed > 2) weigh_queries<3>(list, kv_head, chunk, seen, groups); break;
        case 4: if constexpr (kWeighed > 2) weigh_queries<4>(list, kv_head, chunk, seen, groups); break;
      }
    }
  }

  struct Weights {  // of a chunk's cells: upper and lower 12 bits, and which groups have any
    alignas(64) std::int16_t high[kChunk], low[kChunk];
    unsigned high_groups = 0, low_groups = 0;
  };

  static F power_of_two(F x) {  // 2^x for x <= 0: of the rest in [-1/2, 1/2] the first terms of the series
    x = V::max(x, V::set(-126.0f));
    const I whole = V::rounded(x);
    const F rest = V::sub(x, V::to_float(whole));
    F sum = V::set(1.54035304e-4f);
    for (const float term : {1.33335581e-3f, 9.61812911e-3f, 5.55041087e-2f, 2.40226507e-1f, 6.93147181e-1f, 1.0f}) {
      sum = V::fma(sum, rest, V::set(term));
    }
    return V::times_power(sum, whole);
  }

  void find_weights(int q, int kv_head, int chunk, const std::uint64_t* seen, int groups, Weights& weights) {
    const float* scores = shared_.scores + q * sizes_.cells + first_of(chunk);
    const float* units = shared_.units + kv_head * sizes_.cells + first_of(chunk);
    const F best = V::set(own_.best_score[q]), unit_of_sum = V::set(power(-own_.bound[q]));
    std::memset(weights.high, 0, sizeof weights.high);
    std::memset(weights.low, 0, sizeof weights.low);
    I total = V::set(0);
    unsigned high_groups = 0, low_groups = 0;
    for (int g = 0; g < groups; ++g) {
      if (!(seen[g] >> own_.rows[q] & 1)) continue;
      for (int lane = g * kGroup; lane < (g + 1) * kGroup; lane += L) {
        const F weight = power_of_two(V::mul(V::sub(V::load(scores + lane), best), V::set(kLog2E)));
        total = V::add(total, V::rounded(V::mul(weight, V::set(0x1p25f))));
        const F in_units = V::mul(V::mul(weight, V::load(units + lane)), unit_of_sum);  // all but the weight are powers of two
        const I all = V::min(V::rounded(in_units), V::set((1 << kWeightBits) - 1));
        const I high = V::shift_right12(all), low = V::low12(all);
        V::store_i16(weights.high + lane, high);
        V::store_i16(weights.low + lane, low);
        high_groups |= static_cast<unsigned>(V::any(high)) << g;
        low_groups |= static_cast<unsigned>(V::any(low)) << g;
      }
    }
    weights.high_groups = high_groups, weights.low_groups = low_groups;
    std::int32_t each[L];
    V::store(each, total);
    for (const std::int32_t x : each) own_.weights[q] += x;
  }

  template <int C>
  void weigh_queries(const int* list, int kv_head, int chunk, const std::uint64_t* seen, int groups) {
    Weights weights[C];
    const std::int16_t *high[C], *low[C];
    std::int64_t* sums[C];
    unsigned high_groups = 0, low_groups = 0;
    for (int c = 0; c < C; ++c) {
      find_weights(list[c], kv_head, chunk, seen, groups, weights[c]);
      high[c] = weights[c].high, low[c] = weights[c].low;
      high_groups |= weights[c].high_groups, low_groups |= weights[c].low_groups;
      sums[c] = own_.sums + static_cast<std::ptrdiff_t>(list[c]) * sizes_.value_size;
    }
    int d = 0;
    for (; d + 4 * L <= sizes_.value_size; d += 4 * L) {
      add_values<C, 4>(low, low_groups, d, sums, 0);
      if (high_groups) add_values<C, 4>(high, high_groups, d, sums, 12);
    }
    if (d < sizes_.value_size) {  // half a step, as sizes are multiples of 32
      add_values<C, 2>(low, low_groups, d, sums, 0);
      if (high_groups) add_values<C, 2>(high, high_groups, d, sums, 12);
    }
  }

  template <int C, int T>
  void add_values(const std::int16_t* const (&weights)[C], unsigned groups, int d, std::int64_t* const (&sums)[C], int shift) {
    I sum[C][T];
    for (int c = 0; c < C; ++c) {
      for (int t = 0; t < T; ++t) sum[c][t] = V::set(0);
    }
    for (; groups; groups &= groups - 1) {
      const int first = std::countr_zero(groups) * kGroup / 2;
      for (int pair = first; pair < first + kGroup / 2; ++pair) {
        const std::int32_t* from = own_.values + pair * sizes_.value_size + d;
        I values[T];
        for (int t = 0; t < T; ++t) values[t] = V::load(from + t * L);
        for (int c = 0; c < C; ++c) {
          const I weight = two(weights[c] + 2 * pair);
          for (int t = 0; t < T; ++t) sum[c][t] = V::dot_pairs(sum[c][t], values[t], weight);
        }
      }
    }
    for (int c = 0; c < C; ++c) {
      for (int t = 0; t < T; ++t) V::add_to(sums[c] + d + t * L, sum[c][t], shift);
    }
  }

  // ---- results

  // From the sums of threads [first, last).
  void finish(int q, int first, int last) {
    const std::int64_t head = head_of(q);
    auto* result = reinterpret_cast<float*>(a_.results + row_of(q) * a_.result_row + head * a_.result_head + block_.stream * a_.result_stream);
    std::int64_t weight = 0;
    for (int thread = first; thread < last; ++thread) weight += own_work(thread).weights[q];
    const double best = own_.best_score[q], sink = a_.sinks ? a_.sinks[head] : kNone, top = std::max(best, sink);
    double factor = 0;
    if (std::isnan(best)) {
      factor = best;
    } else if (weight > 0) {
      const double denominator = std::ldexp(static_cast<double>(weight), -kDenominatorBits) * std::exp(best - top) + (a_.sinks ? std::exp(sink - top) : 0.0);
      factor = std::ldexp(std::exp(best - top) / denominator, static_cast<int>(own_.bound[q]) - kWeightBits - kValueBits);
    }
    for (int d = 0; d < a_.values.size; ++d) {
      std::int64_t sum = 0;
      for (int thread = first; thread < last; ++thread) sum += own_work(thread).sums[static_cast<std::ptrdiff_t>(q) * sizes_.value_size + d];
      result[d] = static_cast<float>(static_cast<double>(sum) * factor);
    }
  }

  const Attention& a_;
  const AttentionPlan& plan_;
  const AttentionSizes sizes_;
  const Team& team_;
  std::byte* memory_;
  const OwnWork own_;
  BlockWork shared_{};
  Block block_{};
};

template <class V>
void attend_by(const Attention& attention, const AttentionPlan& plan, std::byte* work, const Team& team) {
  Attender<V>(attention, plan, work + (-reinterpret_cast<std::uintptr_t>(work) & 63), team).run();
}

}  // namespace
}  // namespace decant::kernels
