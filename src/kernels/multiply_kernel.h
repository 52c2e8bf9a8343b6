// The algorithm of multiply.h, over a vector class V (simd_*.h). Compiled once for every Isa.
#pragma once

#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

#include "kernels/multiply.h"
#include "kernels/multiply_block.h"
#include "kernels/multiply_held.h"
#include "kernels/weights.h"

namespace decant::kernels {

inline int packed_block(const Format& format) {
  if (format.quantised()) return kPackedBlock;
  return kBlock * (format.type == WeightType::bf16 ? 2 : 4);
}

namespace {  // every instruction set has its own copies of these: never one for all

// ---- packing

template <class T>
void put(std::byte* at, int column, T value) {
  std::memcpy(at + column * sizeof(T), &value, sizeof(T));
}

template <class V>
void pack_block(const Format& format, const float* x, int column, int width, std::byte* block) {
  const std::uint32_t first = V::magnitude(x), second = V::magnitude(x + 16), largest = first > second ? first : second;
  float magnitude;
  std::memcpy(&magnitude, &largest, 4);
  const bool finite = largest < 0x7f800000;
  // Below 2^-118 the inverse would overflow: such a block counts as zero.
  const float inverse = finite && magnitude > 0x1p-118f ? 127.0f / magnitude : 0.0f;
  const float scale = finite ? (inverse == 0.0f ? 0.0f : magnitude / 127.0f) : std::nanf("");
  auto* quants = reinterpret_cast<std::int8_t*>(block) + column * kBlock;
  std::int32_t sums[2] = {0, 0};
  if (finite) {
    for (int half = 0; half < 2; ++half) sums[half] = V::quantise(x + 16 * half, inverse, quants + 16 * half);
  } else {
    std::memset(quants, 0, kBlock);
  }
  std::byte* numbers = block + width * kBlock;
  put(numbers, column, scale);
  numbers += 4 * width;
  if (format.minimum) {
    put(numbers, column, scale * static_cast<float>(sums[0] + sums[1]));
  } else if (format.halves) {
    put(numbers, column, -format.bias * sums[0]);
    put(numbers + 4 * width, column, -format.bias * sums[1]);
  } else {
    put(numbers, column, -format.bias * (sums[0] + sums[1]));
  }
}

template <class V>
void pack(const Format& format, const float* const* columns, int width, int inputs, int begin, int end,
          std::byte* panel) {
  if (format.quantised()) {
    for (int block = begin; block < end; ++block) {
      for (int c = 0; c < width; ++c) {
        pack_block<V>(format, columns[c] + block * kBlock, c, width,
                      panel + static_cast<std::ptrdiff_t>(block) * width * kPackedBlock);
      }
    }
    return;
  }
  const int bytes = packed_block(format);
  for (int block = begin; block < end; ++block) {
    for (int c = 0; c < width; ++c) {
      const float* x = columns[c] + block * kBlock;
      float rest[kBlock] = {};
      if (const int left = inputs - block * kBlock; left < kBlock) {
        std::memcpy(rest, x, sizeof(float) * left);
        x = rest;
      }
      std::byte* to = panel + (static_cast<std::ptrdiff_t>(block) * width + c) * bytes;
      if (format.type == WeightType::bf16) {
        auto* rounded = reinterpret_cast<std::uint16_t*>(to);
        for (int half = 0; half < kBlock; half += 16) V::round_bf16(x + half, rounded + half);
      } else {
        std::memcpy(to, x, bytes);
      }
    }
  }
}

// ---- multiplying

// V::lanes outputs from `lane` on, C columns from `first` on.
template <class V, class W, int C>
void multiply_lanes(const Format& format, const std::byte* stripe, int inputs, const std::byte* panel, int width,
                    int first, int lane, typename V::F (&sum)[C]) {
  for (int c = 0; c < C; ++c) sum[c] = V::zero();
  each_block(format, stripe, inputs, panel, width, first, [&](const Block& block) {
    const typename W::Scales scale(format, block.group, block.index, lane);
    typename V::I products[C];
    const auto start = [&](const std::byte* from) {
      for (int c = 0; c < C; ++c) products[c] = V::set(W::minimum ? 0 : get<std::int32_t>(from, c));
    };
    const auto add_four = [&](auto index, auto base) {  // inputs 4 * (base + index) and the next three
      const auto q = W::Quants::template quants<base + index>(block.quants, lane);
      for (int c = 0; c < C; ++c)
        products[c] = V::dot(products[c], q, V::broadcast(block.activations + c * kBlock + 4 * (base + index)));
    };
    const auto finish = [&](typename V::F scales_of_outputs) {
      for (int c = 0; c < C; ++c) {
        sum[c] =
            V::fma(V::to_float(products[c]), V::mul(scales_of_outputs, V::set(get<float>(block.factors, c))), sum[c]);
      }
    };
    start(block.numbers);
    if constexpr (W::halves) {
      unroll([&](auto index) { add_four(index, std::integral_constant<int, 0>()); }, std::make_index_sequence<4>());
      finish(scale.scale());
      start(block.numbers + block.numbers_size);
      unroll([&](auto index) { add_four(index, std::integral_constant<int, 4>()); }, std::make_index_sequence<4>());
      finish(scale.scale_of_second_half());
    } else {
      unroll([&](auto index) { add_four(index, std::integral_constant<int, 0>()); }, std::make_index_sequence<8>());
      finish(scale.scale());
    }
    if constexpr (W::minimum) {
      const auto minimum = scale.minimum();
      for (int c = 0; c < C; ++c) sum[c] = V::fma(minimum, V::set(get<float>(block.numbers, c)), sum[c]);
    }
  });
}

// An input of a float type, or two neighbouring ones of BF16: what one fused multiply-add takes.
template <class V, WeightType type>
struct Step {
  static constexpr int bytes = type == WeightType::f16 ? 2 : 4;  // of a weight; of an activation 4
  static constexpr int in_block = type == WeightType::bf16 ? kBlock / 2 : kBlock;

  static auto load(const std::byte* stripe, int lane) {
    if constexpr (type == WeightType::f32) {
      return V::load(reinterpret_cast<const float*>(stripe) + lane);
    } else if constexpr (type == WeightType::f16) {
      return V::load_f16(reinterpret_cast<const std::uint16_t*>(stripe) + lane);
    } else {
      return V::load_bytes(reinterpret_cast<const std::uint8_t*>(stripe) + 4 * lane);
    }
  }
  template <class W>
  static auto add(typename V::F sum, const W& weights, const std::byte* x) {
    if constexpr (type == WeightType::bf16) {
      return V::fma_bf16(sum, weights, reinterpret_cast<const std::uint16_t*>(x));
    } else {
      return V::fma(weights, V::set(*reinterpret_cast<const float*>(x)), sum);
    }
  }
};

template <class V, WeightType type, int C>
void multiply_float_lanes(const std::byte* stripe, int inputs, const std::byte* panel, int width, int first, int lane,
                          typename V::F (&sum)[C]) {
  using S = Step<V, type>;
  constexpr int step = kStripe * S::bytes, column = S::in_block * 4;  // bytes
  typename V::F odd[C];
  for (int c = 0; c < C; ++c) sum[c] = odd[c] = V::zero();
  panel += first * column;
  for (int left = (inputs * S::in_block + kBlock - 1) / kBlock; left > 0;
       left -= S::in_block, panel += width * column) {
    const int count = left < S::in_block ? left : S::in_block;
    const std::byte* x = panel;
    for (int k = 0; k + 2 <= count; k += 2, stripe += 2 * step, x += 8) {
      const auto w0 = S::load(stripe, lane), w1 = S::load(stripe + step, lane);
      for (int ahead = 0; ahead < 2 * step; ahead += 64) __builtin_prefetch(stripe + kPrefetch + ahead);
      for (int c = 0; c < C; ++c) sum[c] = S::add(sum[c], w0, x + c * column);
      for (int c = 0; c < C; ++c) odd[c] = S::add(odd[c], w1, x + c * column + 4);
    }
    if (count % 2 != 0) {
      const auto w = S::load(stripe, lane);
      for (int c = 0; c < C; ++c) sum[c] = S::add(sum[c], w, x + c * column);
    }
  }
  for (int c = 0; c < C; ++c) {
    sum[c] = V::add(sum[c], odd[c]);
    if constexpr (type == WeightType::bf16) sum[c] = V::flush(sum[c]);
  }
}

template <class V>
struct Product {
  const Format& format;
  const std::byte* stripe;
  int inputs;
  const std::byte* panel;
  int width;
  float* const* output;
  std::ptrdiff_t first_row;
  int rows;

  void store(int column, int lane, const typename V::F& sum) const {
    float* to = output[column] + first_row + lane;
    if (rows - lane >= V::lanes) return V::store(to, sum);
    float all[V::lanes];
    V::store(all, sum);
    std::memcpy(to, all, sizeof(float) * (rows - lane));
  }

  template <int C, class Lanes>
  [[gnu::noinline]] void columns(int first, Lanes lanes) const {
    for (int lane = 0; lane < rows; lane += V::lanes) {
      typename V::F sum[C];
      lanes(lane, first, sum);
      for (int c = 0; c < C; ++c) store(first + c, lane, sum[c]);
    }
  }

  template <class Lanes>
  void all(Lanes lanes) const {
    int first = 0;
    for (; width - first >= V::max_columns; first += V::max_columns) columns<V::max_columns>(first, lanes);
    switch (width - first) {
      case 7:
        return columns<7>(first, lanes);
      case 6:
        return columns<6>(first, lanes);
      case 5:
        return columns<5>(first, lanes);
      case 4:
        return columns<4>(first, lanes);
      case 3:
        return columns<3>(first, lanes);
      case 2:
        return columns<2>(first, lanes);
      case 1:
        return columns<1>(first, lanes);
    }
  }

  template <class W, int columns_>
  [[gnu::noinline]] void held() const {
    HeldProduct<V, W, columns_> product(width);
    each_block(format, stripe, inputs, panel, product.count(), 0,
               [&](const Block& block) { product.add(format, block); });
    for (int lane = 0; lane < rows; lane += V::lanes) {
      for (int c = 0; c < product.count(); ++c) store(c, lane, product.sum(lane / V::lanes, c));
    }
  }
  template <class W>
  void quantised() const {
    if constexpr (V::lanes < kStripe) {
      width == 1 ? held<W, 1>() : held<W, 0>();
    } else {
      all([this](int lane, int first, auto& sum) {
        multiply_lanes<V, W>(format, stripe, inputs, panel, width, first, lane, sum);
      });
    }
  }
  template <WeightType type>
  void floats() const {
    [[maybe_unused]] const std::conditional_t<type == WeightType::bf16, typename V::FlushToZero, std::monostate> flush;
    all([this](int lane, int first, auto& sum) {
      multiply_float_lanes<V, type>(stripe, inputs, panel, width, first, lane, sum);
    });
  }
};

template <class V>
void multiply(const Format& format, const std::byte* stripe, int inputs, const std::byte* panel, int width,
              float* const* output, std::ptrdiff_t first_row, int rows) {
  const Product<V> product{format, stripe, inputs, panel, width, output, first_row, rows};
  switch (format.type) {
    case WeightType::q4_0:
      return product.template quantised<Weights<V, Nibbles<V, 0>, PlainScales<V>>>();
    case WeightType::q4_1:
      return product.template quantised<Weights<V, Nibbles<V, 0>, PlainScales<V>, true>>();
    case WeightType::q5_0:
      return product.template quantised<Weights<V, Nibbles<V, 1>, PlainScales<V>>>();
    case WeightType::q5_1:
      return product.template quantised<Weights<V, Nibbles<V, 1>, PlainScales<V>, true>>();
    case WeightType::q8_0:
      return product.template quantised<Weights<V, Bytes<V>, PlainScales<V>>>();
    case WeightType::iq4_nl:
      return product.template quantised<Weights<V, Levels<V>, PlainScales<V>>>();
    case WeightType::q4_k:
      return product.template quantised<Weights<V, Nibbles<V, 0>, SuperScales<V, false>, true>>();
    case WeightType::q5_k:
      return product.template quantised<Weights<V, Nibbles<V, 1>, SuperScales<V, false>, true>>();
    case WeightType::q6_k:
      return product.template quantised<Weights<V, Nibbles<V, 2>, SuperScales<V, true>, false, true>>();
    case WeightType::f16:
      return product.template floats<WeightType::f16>();
    case WeightType::bf16:
      return product.template floats<WeightType::bf16>();
    case WeightType::f32:
      return product.template floats<WeightType::f32>();
  }
}

// For bf16 alone.
template <class V>
void multiply_bf16(const Format& format, const std::byte* stripe, int inputs, const std::byte* panel, int width,
                   float* const* output, std::ptrdiff_t first_row, int rows) {
  Product<V>{format, stripe, inputs, panel, width, output, first_row, rows}.template floats<WeightType::bf16>();
}

template <class V>
constexpr Kernel kernel_of() {
  return {.pack = pack<V>, .multiply = multiply<V>};
}

}  // namespace
}  // namespace decant::kernels
