// The algorithm of attention.h, over a vector class V (simd_*.h). Compiled once for every Isa.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/attention_cells.h"
#include "kernels/attention_order.h"
#include "kernels/crew.h"

namespace decant::kernels {
namespace {  // every instruction set has its own copies of these: never one for all

constexpr float kLog2E = 1.44269504f;
constexpr int kDenominatorBits = 25;
constexpr std::int64_t kPart = 1024;  // scores: what a thread takes at least
constexpr float kNone = -std::numeric_limits<float>::infinity();

template <class V>
class Attender {
  using F = typename V::F;
  using I = typename V::I;
  using Keys = typename CellReader<V>::Keys;
  using Masks = typename CellOrder<V>::Masks;
  static constexpr int L = V::lanes;
  static constexpr int kScored = V::max_columns, kWeighed = V::max_columns / 2;  // queries at once: what registers hold

 public:
  // What a thread of the crew has to do with.
  Attender(const Attention& attention, const AttentionPlan& plan, const AttentionSizes& sizes, std::byte* memory,
           int thread)
      : a_(attention),
        plan_(plan),
        sizes_(sizes),
        memory_(memory),
        thread_(thread),
        own_(own_work(thread)),
        shared_(sizes, plan.split ? memory : own_.block),
        order_(attention, shared_),
        reader_(attention, sizes_, own_) {}

  // Rows of a head, from the first cell to the last.
  void run_alone(std::int64_t begin_unit, std::int64_t end_unit) {
    for (std::int64_t unit = begin_unit; unit < end_unit; ++unit) {
      const std::int64_t row = unit / a_.kv_heads % row_blocks() * plan_.block_rows;
      begin({unit / a_.kv_heads / row_blocks(), row, unit % a_.kv_heads, rows_from(row), 1});
      for (int chunk = 0; chunk < chunks_; ++chunk) score(chunk);
      find_best();
      for (int chunk = 0; chunk < chunks_; ++chunk) weigh(chunk);
      for (int q = 0; q < queries(); ++q) finish(q);
    }
  }
  std::int64_t row_blocks() const { return (a_.rows + plan_.block_rows - 1) / plan_.block_rows; }

  // All heads of some rows after another, with others.
  void run_split(Crew& crew) {
    const auto each_chunk = [&](auto compute) {
      crew.each(chunks_, 1, false, [&](std::int64_t first, std::int64_t last, int thread) {
        Attender part(*this, thread);
        for (auto chunk = static_cast<int>(first); chunk < last; ++chunk) compute(part, chunk);
      });
    };
    for (std::int64_t stream = 0; stream < a_.streams; ++stream) {
      for (std::int64_t row = 0; row < a_.rows; row += plan_.block_rows) {
        begin({stream, row, 0, rows_from(row), static_cast<int>(a_.kv_heads)});
        each_chunk([](Attender& part, int chunk) { part.score(chunk); });
        find_best();
        each_chunk([](Attender& part, int chunk) { part.weigh(chunk); });
        crew.each(queries(), kFinished, false, [&](std::int64_t first, std::int64_t last, int) {
          for (auto q = static_cast<int>(first); q < last; ++q) finish(q);
        });
      }
    }
  }

 private:
  static constexpr std::int64_t kFinished = 8;  // queries that a thread finishes at least

  // Some rows, and the heads of one or of all key-value heads.
  struct Block {
    std::int64_t stream, first_row, first_kv_head;
    int rows, kv_heads;
  };

  // Of another thread, for the same block.
  Attender(const Attender& other, int thread)
      : a_(other.a_),
        plan_(other.plan_),
        sizes_(other.sizes_),
        memory_(other.memory_),
        thread_(thread),
        own_(own_work(thread)),
        shared_(other.shared_),
        order_(other.order_),
        reader_(a_, sizes_, own_),
        block_(other.block_),
        chunk_(other.chunk_),
        chunks_(other.chunks_) {
    reader_.begin(block_.stream, block_.first_kv_head);
  }

  int rows_from(std::int64_t row) const {
    return static_cast<int>(std::min<std::int64_t>(plan_.block_rows, a_.rows - row));
  }
  OwnWork own_work(int thread) const {
    return OwnWork(sizes_, memory_ + plan_.shared_bytes + plan_.bytes_per_thread * static_cast<std::size_t>(thread));
  }

  // ---- queries: by head, and of a head by row

  int group() const { return static_cast<int>(a_.heads / a_.kv_heads); }
  int queries() const { return block_.kv_heads * group() * block_.rows; }
  std::int64_t head_of(int q) const { return block_.first_kv_head * group() + q / block_.rows; }
  std::int64_t row_of(int q) const { return block_.first_row + q % block_.rows; }

  void begin(const Block& block) {
    block_ = block;
    reader_.begin(block.stream, block.first_kv_head);
    order_.begin(block.stream, block.first_row, block.rows);
    const std::int64_t each =
        (order_.positions() + sizes_.chunks - 1) / std::max(1, sizes_.chunks);  // as many as planned, of what is left
    chunk_ = std::clamp<std::int64_t>((each + 2 * kGroup - 1) / (2 * kGroup) * (2 * kGroup), 2 * kGroup, sizes_.chunk);
    chunks_ = static_cast<int>((order_.positions() + chunk_ - 1) / chunk_);
    const int count = queries();
    std::fill_n(shared_.has_sums, sizes_.threads, false);
    std::fill_n(shared_.query_scratch, sizes_.key_size, 0.0f);
    std::fill_n(shared_.unmasked, kGroup, std::uint16_t{0});
    for (int q = 0; q < count; ++q) {
      shared_.rows[q] = q % block_.rows;  // divisions are slow
      shared_.slopes[q] = slope(head_of(q));
      round_query(q);
    }
  }

  // To int16, such that the sum of its products with a key stays within int32.
  void round_query(int q) {
    const char* from =
        a_.queries + row_of(q) * a_.query_row + head_of(q) * a_.query_head + block_.stream * a_.query_stream;
    std::memcpy(shared_.query_scratch, from, sizeof(float) * a_.keys.size);  // behind it are zeros
    std::uint32_t largest = 0;
    for (int i = 0; i < sizes_.key_size; i += 16) largest = std::max(largest, V::magnitude(shared_.query_scratch + i));
    const bool finite = largest < 0x7f800000;
    const float most = std::min(32767.0f, 0x1p19f / static_cast<float>(sizes_.key_size));
    float factor = most / std::bit_cast<float>(largest);
    if (!finite || !(factor < 0x1p120f)) factor = 0;  // the latter: zeros, or nearly
    std::int32_t* to = shared_.queries + static_cast<std::ptrdiff_t>(q) * sizes_.key_size / 2;
    const auto rounded = [&](int i) {
      return factor == 0 ? V::set(0) : V::rounded(V::mul(V::load(shared_.query_scratch + i), V::set(factor)));
    };
    for (int i = 0; i < sizes_.key_size; i += 2 * L)
      V::store(to + i / 2, V::pack_pairs(rounded(i), rounded(i + L)));  // as the keys
    const float scale = a_.softcap == 0 ? a_.scale : a_.scale / a_.softcap;
    shared_.query_scales[q] = !finite ? std::numeric_limits<float>::quiet_NaN() : factor == 0 ? 0.0f : scale / factor;
  }

  // ---- scores

  float slope(std::int64_t head) const {  // of ALiBi (Press et al. 2022), as ggml has it
    if (a_.max_bias <= 0) return 1;
    const auto floor2 = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(a_.heads)));
    return head < floor2
               ? std::pow(std::pow(2.0f, -a_.max_bias / static_cast<float>(floor2)), static_cast<float>(head + 1))
               : std::pow(std::pow(2.0f, -a_.max_bias / 2 / static_cast<float>(floor2)),
                          static_cast<float>(2 * (head - floor2) + 1));
  }

  std::int64_t first_of(int chunk) const { return static_cast<std::int64_t>(chunk) * chunk_; }  // a position
  std::int64_t end_of(int chunk) const { return std::min(first_of(chunk) + chunk_, order_.positions()); }

  // All heads of some cells after another, as they lie in the memory.
  void score(int chunk) {
    for (int q = 0; q < queries(); ++q) {
      V::store(own_.best + q * kGroup, V::set(kNone));
      V::store(own_.best_product + q * kGroup, V::set(kNone));
      own_.broken[q] = false;
    }
    Masks masks;
    for (std::int64_t position = first_of(chunk); position < end_of(chunk); position += kGroup) {
      order_.load_masks(position, masks);
      shared_.seen[position / kGroup] = masks.seen;
      for (int kv_head = 0; kv_head < block_.kv_heads; ++kv_head) {
        const int wanted = list_queries(kv_head, [&](int q) { return masks.seen >> shared_.rows[q] & 1; });
        for (int lane = 0; lane < kGroup; lane += L) {
          const Keys keys =
              reader_.load_keys(kv_head, order_.cells(position + lane), position + kGroup < end_of(chunk) ? kGroup : 0);
          V::store(shared_.exponents + kv_head * sizes_.cells + position + lane, keys.exponents);
          V::store(shared_.units + kv_head * sizes_.cells + position + lane, keys.units);
          for (int i = 0; i < wanted; i += kScored)
            score_some(own_.list + i, std::min(kScored, wanted - i), keys, masks, position, lane);
        }
      }
    }
    for (int q = 0; q < queries(); ++q) {
      const auto at = static_cast<std::ptrdiff_t>(chunk) * sizes_.queries + q;
      shared_.best[at] =
          own_.broken[q] ? std::numeric_limits<float>::quiet_NaN() : V::largest(V::load(own_.best + q * kGroup));
      shared_.best_product[at] = V::largest(V::load(own_.best_product + q * kGroup));
    }
  }

  float* scores_of(int q, std::int64_t first_of_group) const {
    return shared_.scores + first_of_group * sizes_.queries + q * kGroup;
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

  void score_some(const int* list, int count, const Keys& keys, const Masks& masks, std::int64_t position, int lane) {
    switch (count) {
      case 1:
        return score_queries<1>(list, keys, masks, position, lane);
      case 2:
        return score_queries<2>(list, keys, masks, position, lane);
      case 3:
        return score_queries<3>(list, keys, masks, position, lane);
      case 4:
        return score_queries<4>(list, keys, masks, position, lane);
      default:
        if constexpr (kScored > 4) {
          switch (count) {
            case 5:
              return score_queries<5>(list, keys, masks, position, lane);
            case 6:
              return score_queries<6>(list, keys, masks, position, lane);
            case 7:
              return score_queries<7>(list, keys, masks, position, lane);
            case 8:
              return score_queries<8>(list, keys, masks, position, lane);
          }
        }
    }
  }

  template <int C>
  void score_queries(const int* list, const Keys& keys, const Masks& masks, std::int64_t position, int lane) {
    I products[C];
    const std::int32_t* queries[C];
    for (int c = 0; c < C; ++c) {
      products[c] = V::set(0);
      queries[c] = shared_.queries + static_cast<std::ptrdiff_t>(list[c]) * sizes_.key_size / 2;
    }
    for (int pair = 0; pair < sizes_.key_size / 2; ++pair) {
      const I key = V::load(own_.keys + pair * L);
      for (int c = 0; c < C; ++c) products[c] = V::dot_pairs(products[c], key, V::set(queries[c][pair]));
    }
    F sum = V::set(0.0f);  // NaN if a score is one
    for (int c = 0; c < C; ++c) {
      const int q = list[c];
      F score = V::mul(V::to_float(products[c]), V::mul(V::set(shared_.query_scales[q]), keys.scales));
      if (a_.softcap != 0) score = cap(score);
      if (!(masks.open >> shared_.rows[q] & 1)) {
        const F mask = V::load(masks.added[shared_.rows[q]] + lane);
        score = V::hide(V::fma(V::set(shared_.slopes[q]), mask, score), mask);
      }
      sum = V::add(sum, score);
      V::store(scores_of(q, position) + lane, score);
      float* best = own_.best + q * kGroup;
      V::store(best, V::max(score, V::load(best)));
      float* product = own_.best_product + q * kGroup;
      V::store(product, V::max(V::fma(score, V::set(kLog2E), keys.exponents), V::load(product)));
    }
    if (!V::any_nan(sum)) return;
    for (int c = 0; c < C; ++c) own_.broken[list[c]] |= V::any_nan(V::load(scores_of(list[c], position) + lane));
  }

  F cap(F score) const {
    float each[L];
    V::store(each, score);
    for (float& x : each) x = a_.softcap * std::tanh(x);
    return V::load(each);
  }

  // ---- weights and values

  // Of each query over all chunks: the largest score, and E.
  void find_best() {
    for (int q = 0; q < queries(); ++q) {
      float best = kNone, product = kNone;
      bool broken = false;
      for (int chunk = 0; chunk < chunks_; ++chunk) {
        const float score = shared_.best[chunk * sizes_.queries + q];
        broken |= std::isnan(score);
        best = score > best ? score : best;
        product = std::max(product, shared_.best_product[chunk * sizes_.queries + q]);
      }
      if (best == std::numeric_limits<float>::infinity()) broken = true;
      shared_.best_score[q] = broken ? std::numeric_limits<float>::quiet_NaN() : best;
      if (broken || best == kNone) {
        shared_.bound[q] = 0;
      } else {  // a quarter of room, as both numbers are rounded
        const float above_best =
            std::fabs(best) < 0x1p16f ? std::fma(-best, kLog2E, product) : largest_product(q, best);
        shared_.bound[q] = std::floor(above_best + 0.25f) + 1.0f;
      }
    }
  }

  // (score - best) / ln 2 + exponent at most, where scores are so large that this must not be had by a difference of
  // maxima.
  float largest_product(int q, float best) const {
    const int kv_head = q / (group() * block_.rows);
    F largest = V::set(kNone);
    for (std::int64_t g = 0; g < order_.positions() / kGroup; ++g) {
      if (!(shared_.seen[g] >> shared_.rows[q] & 1)) continue;
      for (std::int64_t cell = g * kGroup; cell < (g + 1) * kGroup; cell += L) {
        const F below = V::sub(V::load(scores_of(q, g * kGroup) + cell - g * kGroup), V::set(best));
        largest =
            V::max(V::fma(below, V::set(kLog2E), V::load(shared_.exponents + kv_head * sizes_.cells + cell)), largest);
      }
    }
    return V::largest(largest);
  }

  void weigh(int chunk) {
    if (!shared_.has_sums[thread_]) {
      shared_.has_sums[thread_] = true;
      std::memset(own_.sums, 0, sizeof(std::int64_t) * queries() * sizes_.value_size);
      std::memset(own_.weights, 0, sizeof(std::int64_t) * queries());
    }
    const std::uint64_t* seen = shared_.seen + first_of(chunk) / kGroup;
    const int groups = static_cast<int>((end_of(chunk) - first_of(chunk) + kGroup - 1) / kGroup);
    std::uint64_t by_any = 0;
    for (int g = 0; g < groups; ++g) by_any |= seen[g];
    for (int kv_head = 0; kv_head < block_.kv_heads; ++kv_head) weigh(kv_head, chunk, seen, groups, by_any);
  }

  void weigh(int kv_head, int chunk, const std::uint64_t* seen, int groups, std::uint64_t by_any) {
    reader_.load_values(kv_head, order_.cells(first_of(chunk)), groups,
                        shared_.exponents + kv_head * sizes_.cells + first_of(chunk));
    const int wanted = list_queries(
        kv_head, [&](int q) { return by_any >> shared_.rows[q] & 1 && !std::isnan(shared_.best_score[q]); });
    for (int i = 0; i < wanted; i += kWeighed) {
      const int* list = own_.list + i;
      switch (std::min(kWeighed, wanted - i)) {
        case 1:
          weigh_queries<1>(list, kv_head, chunk, seen, groups);
          break;
        case 2:
          weigh_queries<2>(list, kv_head, chunk, seen, groups);
          break;
        case 3:
          if constexpr (kWeighed > 2) weigh_queries<3>(list, kv_head, chunk, seen, groups);
          break;
        case 4:
          if constexpr (kWeighed > 2) weigh_queries<4>(list, kv_head, chunk, seen, groups);
          break;
      }
    }
  }

  // Of a chunk's cells as int16, in the pairs of load_values: upper and lower 12 bits, and which pairs of groups have
  // any.
  struct Weights {
    alignas(64) std::int32_t high[kChunk / 2], low[kChunk / 2];
    unsigned high_groups, low_groups;
  };

  // 2^x for x <= 0, to 2e-7: a polynomial with least relative error on [-1/2, 1/2] of those that are 1 at 0.
  static F power_of_two(F x) {
    x = V::max(x, V::set(-126.0f));
    const I whole = V::rounded(x);
    const F rest = V::sub(x, V::to_float(whole));
    F sum = V::set(1.3264727e-3f);
    for (const float term : {9.671513e-3f, 5.5507336e-2f, 2.4022242e-1f, 6.93147e-1f, 1.0f})
      sum = V::fma(sum, rest, V::set(term));
    return V::times_power(sum, whole);
  }

  void find_weights(int q, int kv_head, int chunk, const std::uint64_t* seen, int groups, Weights& weights) {
    const float* units = shared_.units + kv_head * sizes_.cells + first_of(chunk);
    const F best = V::set(shared_.best_score[q]), unit_of_sum = V::set(power(-shared_.bound[q]));
    const std::uint64_t row = std::uint64_t{1} << shared_.rows[q];
    I total = V::set(0);
    const auto weigh = [&](int g, int lane) {  // those of L cells, in units of the sum
      const F weight = power_of_two(
          V::mul(V::sub(V::load(scores_of(q, first_of(chunk) + g * kGroup) + lane), best), V::set(kLog2E)));
      total = V::add(total, V::rounded(V::mul(weight, V::set(0x1p25f))));
      const F in_units = V::mul(V::mul(weight, V::load(units + g * kGroup + lane)),
                                unit_of_sum);  // all but the weight are powers of two
      return V::min(V::rounded(in_units), V::set((1 << kWeightBits) - 1));
    };
    weights.high_groups = weights.low_groups = 0;
    for (int g = 0; g < groups; g += 2) {
      const bool first = seen[g] & row, second = g + 1 < groups && seen[g + 1] & row;
      I any_high = V::set(0), any_low = V::set(0);
      for (int lane = 0; lane < kGroup; lane += L) {
        const I even = first ? weigh(g, lane) : V::set(0), odd = second ? weigh(g + 1, lane) : V::set(0);
        const I high = V::join_pairs(V::shift_right12(even), V::shift_right12(odd)),
                low = V::join_pairs(V::low12(even), V::low12(odd));
        V::store(weights.high + g / 2 * kGroup + lane, high);
        V::store(weights.low + g / 2 * kGroup + lane, low);
        any_high = V::either(any_high, high), any_low = V::either(any_low, low);
      }
      weights.high_groups |= static_cast<unsigned>(V::any(any_high)) << g / 2;
      weights.low_groups |= static_cast<unsigned>(V::any(any_low)) << g / 2;
    }
    std::int32_t each[L];
    V::store(each, total);
    for (const std::int32_t x : each) own_.weights[q] += x;
  }

  template <int C>
  void weigh_queries(const int* list, int kv_head, int chunk, const std::uint64_t* seen, int groups) {
    Weights weights[C];
    const std::int32_t *high[C], *low[C];
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
  void add_values(const std::int32_t* const (&weights)[C], unsigned groups, int d, std::int64_t* const (&sums)[C],
                  int shift) {
    I sum[C][T];
    for (int c = 0; c < C; ++c) {
      for (int t = 0; t < T; ++t) sum[c][t] = V::set(0);
    }
    for (; groups; groups &= groups - 1) {
      const int first = std::countr_zero(groups) * kGroup;
      for (int pair = first; pair < first + kGroup; ++pair) {
        const std::int32_t* from = own_.values + pair * sizes_.value_size + d;
        I values[T];
        for (int t = 0; t < T; ++t) values[t] = V::load(from + t * L);
        for (int c = 0; c < C; ++c) {
          const I weight = V::set(weights[c][pair]);
          for (int t = 0; t < T; ++t) sum[c][t] = V::dot_pairs(sum[c][t], values[t], weight);
        }
      }
    }
    for (int c = 0; c < C; ++c) {
      for (int t = 0; t < T; ++t) V::add_to(sums[c] + d + t * L, sum[c][t], shift);
    }
  }

  // ---- results

  // From the sums of all threads that have some.
  void finish(int q) {
    const std::int64_t head = head_of(q);
    auto* result = reinterpret_cast<float*>(a_.results + row_of(q) * a_.result_row + head * a_.result_head +
                                            block_.stream * a_.result_stream);
    std::int64_t weight = 0;
    each_with_sums([&](const OwnWork& work) { weight += work.weights[q]; });
    const double best = shared_.best_score[q], sink = a_.sinks ? a_.sinks[head] : kNone, top = std::max(best, sink);
    double factor = 0;
    if (std::isnan(best)) {
      factor = best;
    } else if (weight > 0) {
      const double denominator = std::ldexp(static_cast<double>(weight), -kDenominatorBits) * std::exp(best - top) +
                                 (a_.sinks ? std::exp(sink - top) : 0.0);
      factor =
          std::ldexp(std::exp(best - top) / denominator, static_cast<int>(shared_.bound[q]) - kWeightBits - kValueBits);
    }
    std::int64_t* sums = nullptr;  // of all, in the memory of the first
    each_with_sums([&](const OwnWork& work) {
      std::int64_t* more = work.sums + static_cast<std::ptrdiff_t>(q) * sizes_.value_size;
      if (sums) {
        for (int d = 0; d < a_.values.size; ++d) sums[d] += more[d];
      } else {
        sums = more;
      }
    });
    for (int d = 0; d < a_.values.size; ++d)
      result[d] = sums ? static_cast<float>(static_cast<double>(sums[d]) * factor) : static_cast<float>(0 * factor);
  }

  void each_with_sums(auto use) const {
    for (int thread = 0; thread < sizes_.threads; ++thread) {
      if (shared_.has_sums[thread]) use(own_work(thread));
    }
  }

  const Attention& a_;
  const AttentionPlan& plan_;
  const AttentionSizes& sizes_;
  std::byte* memory_;
  const int thread_;
  const OwnWork own_;
  const BlockWork shared_;
  CellOrder<V> order_;
  CellReader<V> reader_;
  Block block_{};
  std::int64_t chunk_ = 0;  // positions of one
  int chunks_ = 0;
};

template <class V>
void attend_by(const Attention& attention, const AttentionPlan& plan, std::byte* work, Crew& crew) {
  work += -reinterpret_cast<std::uintptr_t>(work) & 63;
  const AttentionSizes sizes(attention, plan);
  const auto of = [&](int thread) { return Attender<V>(attention, plan, sizes, work, thread); };
  if (plan.split) return of(0).run_split(crew);
  const std::int64_t units = attention.streams * of(0).row_blocks() * attention.kv_heads;
  const std::int64_t grain = std::max<std::int64_t>(1, kPart / std::max<std::int64_t>(1, attention.cells * sizes.list));
  crew.each(units, grain, false,
            [&](std::int64_t begin, std::int64_t end, int thread) { of(thread).run_alone(begin, end); });
}

}  // namespace
}  // namespace decant::kernels
