// What a block of each quantised type hands to the multiplication: vectors of quants, and the scales of some outputs.
// `lane` is the first of the V::lanes outputs in question (0, or 8 as well where vectors have 8 lanes).
#pragma once

#include "kernels/format.h"

namespace decant::kernels {

// Quants::fours is how many products of four inputs with activations of -127 to 127 may be added, as two neighbours'
// each, before 16 bits overflow: 8 * 2 * 15 * 127 = 30,480, 4 * 2 * 31 * 127 = 31,496, 2 * 2 * 63 * 127 = 32,004,
// and of magnitudes up to 128 one, 2 * 128 * 127 = 32,512.

// Nibbles, with `bits` more above them.
template <class V, int bits>
struct Nibbles {
  static constexpr bool biased128 = false;
  static constexpr int fours = 8 >> bits;
  template <int group>
  static typename V::I quants(const std::uint8_t* block, int lane) {
    const auto bytes = V::load_bytes(block + group % 4 * 64 + 4 * lane);
    const auto low = group < 4 ? V::low_nibbles(bytes) : V::high_nibbles(bytes);
    if constexpr (bits == 0) {
      return low;
    } else {
      constexpr int place = group * bits;
      return V::template add_bits<place % 8, bits>(low, V::load_bytes(block + 256 + place / 8 * 64 + 4 * lane));
    }
  }
};

template <class V>
struct Bytes {
  static constexpr bool biased128 = true;
  static constexpr int fours = 1;
  template <int group>
  static typename V::I quants(const std::uint8_t* block, int lane) {
    return V::load_bytes(block + group * 64 + 4 * lane);
  }
};

// IQ4_NL's 16 levels (ggml-common.h, kvalues_iq4nl), with 128 added.
template <class V>
struct Levels {
  static constexpr bool biased128 = true;
  static constexpr int fours = 1;
  alignas(16) static constexpr std::uint8_t table[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                                         129, 141, 153, 166, 181, 197, 217, 241};
  template <int group>
  static typename V::I quants(const std::uint8_t* block, int lane) {
    return V::look_up(Nibbles<V, 0>::template quants<group>(block, lane), table);
  }
};

// Of block `i` of a group: f16.
template <class V>
struct PlainScales {
  PlainScales(const Format& format, const std::byte* group, int i, int lane)
      : at_(reinterpret_cast<const std::uint16_t*>(group + i * format.scale_bytes) + lane) {}
  typename V::F scale() const { return V::load_f16(at_); }
  typename V::F minimum() const { return V::load_f16(at_ + kStripe); }

 private:
  const std::uint16_t* at_;
};

// Of a K type: super-scale times sub-scale. Both products are exact in f32.
template <class V, bool sign>
struct SuperScales {
  SuperScales(const Format& format, const std::byte* group, int i, int lane)
      : at_(group + i * format.scale_bytes + lane),
        super_(reinterpret_cast<const std::uint16_t*>(group + kSuper * format.scale_bytes) + lane) {}
  typename V::F scale() const { return V::mul(V::load_f16(super_), load(at_)); }
  typename V::F scale_of_second_half() const { return V::mul(V::load_f16(super_), load(at_ + kStripe)); }
  typename V::F minimum() const {  // the file has what is subtracted
    return V::mul(V::mul(V::set(-1.0f), V::load_f16(super_ + kStripe)), load(at_ + kStripe));
  }

 private:
  static typename V::F load(const std::byte* at) {
    if constexpr (sign) {
      return V::load_i8(reinterpret_cast<const std::int8_t*>(at));
    } else {
      return V::load_u8(reinterpret_cast<const std::uint8_t*>(at));
    }
  }
  const std::byte* at_;
  const std::uint16_t* super_;
};

template <class V, class Quants_, class Scales_, bool minimum_ = false, bool halves_ = false>
struct Weights {
  using Quants = Quants_;
  using Scales = Scales_;
  static constexpr bool minimum = minimum_, halves = halves_;
};

}  // namespace decant::kernels
