// The decoding strategies, and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace decant {

enum class Strategy : std::uint8_t {
  greedy,
  sample,
  beam,
  beam_sample,
  diverse_beam,
  constrained_beam,
  contrastive_search,
  contrastive_decoding,
  dola
};

// What --strategy accepts, in the order of the enum.
inline constexpr std::array<std::string_view, 9> strategy_names = {"greedy",
                                                                   "sample",
                                                                   "beam",
                                                                   "beam_sample",
                                                                   "diverse_beam",
                                                                   "constrained_beam",
                                                                   "contrastive_search",
                                                                   "contrastive_decoding",
                                                                   "dola"};

constexpr std::string_view name(Strategy strategy) { return strategy_names[static_cast<std::size_t>(strategy)]; }

class Strategies {
 public:
  constexpr Strategies(std::initializer_list<Strategy> members) {
    for (const Strategy strategy : members) bits_ |= bit(strategy);
  }
  static constexpr Strategies all() { return Strategies((1u << strategy_names.size()) - 1); }

  constexpr bool contains(Strategy strategy) const { return (bits_ & bit(strategy)) != 0; }
  constexpr bool operator==(const Strategies&) const = default;
  constexpr Strategies operator|(const Strategies& other) const { return Strategies(bits_ | other.bits_); }

 private:
  constexpr explicit Strategies(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Strategy strategy) { return 1u << static_cast<unsigned>(strategy); }

  std::uint32_t bits_ = 0;
};

// Those that draw at random, those that may be told to, and those that keep several texts alive.
inline constexpr Strategies sampling_strategies = {Strategy::sample, Strategy::beam_sample};
inline constexpr Strategies contrast_strategies = {Strategy::contrastive_decoding, Strategy::dola};
inline constexpr Strategies beam_strategies = {Strategy::beam, Strategy::beam_sample, Strategy::diverse_beam,
                                               Strategy::constrained_beam};

std::string to_string(Strategies strategies);  // "greedy, sample"

}  // namespace decant
