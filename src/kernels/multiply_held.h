// Products of quantised weights where a stripe's outputs fill more than one vector and registers are few (AVX2).
//
// The weights of 16 inputs of all outputs are held in registers while each column in turn is multiplied by them; what
// the columns have come to is in memory meanwhile, a load and a store for each block. So four activations are read once
// for all outputs, and weights are unpacked once for all columns of a panel.
//
// Without VNNI (V::narrow) there is no dot product of bytes, only unsigned times signed bytes with two neighbouring
// products added in 16 bits. Of those, as many are added in 16 bits as fit (Quants::fours) before they are widened: a
// block of 4-bit weights is, half a block of 5-bit ones. Sums of a block are whole numbers, exact either way, so the
// bits are those of multiply_kernel.h.
#pragma once

#include "kernels/multiply_block.h"
#include "kernels/weights.h"

namespace decant::kernels {
namespace {

// Of `columns` columns, or where that is 0 of as many as it is told: one has its sums in registers.
template <class V, class W, int columns>
class HeldProduct {
  using F = typename V::F;
  using I = typename V::I;
  using Quants = typename W::Quants;
  static constexpr int vectors = kStripe / V::lanes;
  static_assert(vectors == 2);
  static constexpr bool narrow = V::narrow;
  static constexpr bool block_in_16_bits = narrow && !W::halves && Quants::fours * 4 >= kBlock;
  // Sums begin with what the bias of the weights comes to; products128 have none.
  static constexpr bool biased = !W::minimum && !(narrow && Quants::biased128);

 public:
  explicit HeldProduct(int count) : count_(columns ? columns : count) {
    for (auto& of_columns : sums_) {
      for (int c = 0; c < this->count(); ++c) of_columns[c] = V::zero();
    }
  }
  int count() const { return columns ? columns : count_; }
  const F& sum(int vector, int column) const { return sums_[vector][column]; }

  void add(const Format& format, const Block& block) {
    const typename W::Scales scales[vectors] = {{format, block.group, block.index, 0},
                                                {format, block.group, block.index, V::lanes}};
    add_half<0>(block, scales);
    add_half<1>(block, scales);
    if constexpr (W::minimum) {
      const F minimum[vectors] = {scales[0].minimum(), scales[1].minimum()};
      for (int c = 0; c < count(); ++c) {
        const F activations = V::set(get<float>(block.numbers, c));
        for (int v = 0; v < vectors; ++v) sums_[v][c] = V::fma(minimum[v], activations, sums_[v][c]);
      }
    }
  }

 private:
  template <int half>
  void add_half(const Block& block, const typename W::Scales (&scales)[vectors]) {
    constexpr bool complete = W::halves || half == 1;  // what a scale is for
    constexpr bool second = W::halves && half == 1;    // has a scale of its own
    const std::uint8_t* quants = block.quants;
    asm("" : "+r"(quants));  // or the bytes of both halves would be loaded at once, and wait on the stack
    I weights[vectors][4];
    F scale[vectors];
    for (int v = 0; v < vectors; ++v) {
      unroll([&](auto j) { weights[v][j] = Quants::template quants<4 * half + j>(quants, v * V::lanes); },
             std::make_index_sequence<4>());
      scale[v] = scale_of<second>(scales[v]);
    }
    const int columns_now = count();
    const std::byte* starts = block.numbers + (W::halves ? half * block.numbers_size : 0);
#pragma GCC unroll 2
    for (int c = 0; c < columns_now; ++c) {
      I activations[4];
      for (int j = 0; j < 4; ++j)
        activations[j] = V::broadcast(block.activations + c * kBlock + half * kBlock / 2 + 4 * j);
      const auto start = [&] { return V::set(get<std::int32_t>(starts, c)); };
      const F factor = V::set(get<float>(block.factors, c));
      for (int v = 0; v < vectors; ++v) {
        const I products = with_sixteen<half>(firsts_[v][c], weights[v], activations, start);
        if constexpr (complete) {
          sums_[v][c] = V::fma(V::to_float(products), V::mul(scale[v], factor), sums_[v][c]);
        } else {
          firsts_[v][c] = products;
        }
      }
    }
  }

  template <bool second>
  static F scale_of(const typename W::Scales& scales) {
    if constexpr (second) {
      return scales.scale_of_second_half();
    } else {
      return scales.scale();
    }
  }

  // The products of 16 inputs, and those of the first half before them where they have a scale in common.
  template <int half, class Start>
  static I with_sixteen(const I& first_half, const I (&weights)[4], const I (&activations)[4], Start start) {
    constexpr bool begins = W::halves || half == 0, complete = W::halves || half == 1;
    if constexpr (!narrow) {
      I sum = !begins ? first_half : biased ? start() : V::set(0);
      for (int j = 0; j < 4; ++j) sum = V::dot(sum, weights[j], activations[j]);
      return sum;
    } else {
      I sum = narrow_sixteen(weights, activations);
      if constexpr (!begins) sum = block_in_16_bits ? V::add16(first_half, sum) : V::add(first_half, sum);
      if constexpr (block_in_16_bits && complete) sum = V::widen(sum);
      if constexpr (biased && complete) sum = V::add(sum, start());
      return sum;
    }
  }

  // In 16 bits where the block is summed in them, else in 32.
  static I narrow_sixteen(const I (&weights)[4], const I (&activations)[4]) {
    I sums[4];
    for (int j = 0; j < 4; ++j) {
      sums[j] =
          Quants::biased128 ? V::products128(weights[j], activations[j]) : V::products(weights[j], activations[j]);
    }
    if constexpr (Quants::fours == 1) {
      for (I& sum : sums) sum = V::widen(sum);
      return V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3]));
    }
    const I first = V::add16(sums[0], sums[1]), second = V::add16(sums[2], sums[3]);
    if constexpr (Quants::fours == 2) return V::add(V::widen(first), V::widen(second));
    const I all = V::add16(first, second);
    return block_in_16_bits ? all : V::widen(all);
  }

  int count_;
  F sums_[vectors][columns ? columns : kPanel];
  I firsts_[vectors][columns ? columns : kPanel];  // products of a block's first half
};

}  // namespace
}  // namespace decant::kernels
