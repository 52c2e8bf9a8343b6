#include "kernels/isa.h"

#include <fmt/ranges.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <ranges>
#include <vector>

#include "base/error.h"

namespace decant::kernels {
namespace {

#ifdef __x86_64__
// What __builtin_cpu_supports() of clang 16 has no names for. The operating system keeps their registers where it keeps
// AVX2's.
bool has_f16c() {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & (1U << 29));
}
bool has_avx_vnni() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1U << 4));
}
#endif

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::plain:
      return "plain C++";
    case Isa::avx2:
      return "AVX2";
    case Isa::avx_vnni:
      return "AVX-VNNI";
    case Isa::avx512_vnni:
      return "AVX-512 VNNI";
  }
  return "";
}

std::string_view isa_word(Isa isa) {
  switch (isa) {
    case Isa::plain:
      return "plain";
    case Isa::avx2:
      return "avx2";
    case Isa::avx_vnni:
      return "avx_vnni";
    case Isa::avx512_vnni:
      return "avx512_vnni";
  }
  return "";
}

std::span<const Isa> available_isas() {
  static const std::vector<Isa> isas = [] {
    std::vector<Isa> found{Isa::plain};
#ifdef __x86_64__
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    if (avx2) found.push_back(Isa::avx2);
    if (avx2 && has_avx_vnni()) found.push_back(Isa::avx_vnni);
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
      found.push_back(Isa::avx512_vnni);
    }
#endif
    return found;
  }();
  return isas;
}

std::optional<Isa> best_isa() {
  const std::span<const Isa> isas = available_isas();
  if (const char* wanted = std::getenv("DECANT_ISA")) {
    if (std::string_view(wanted) == "none") return std::nullopt;
    const auto found = std::ranges::find(isas, wanted, isa_word);
    if (found == isas.end()) {
      throw Error(ErrorKind::usage, "DECANT_ISA is \"{}\": on this machine it may be none, {}", wanted,
                  fmt::join(isas | std::views::transform(isa_word), ", "));
    }
    return *found;
  }
  return isas.back() == Isa::plain ? std::nullopt : std::optional(isas.back());
}

}  // namespace decant::kernels
