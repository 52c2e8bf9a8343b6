// Instruction sets that the kernels are compiled for. One of them is chosen when the program runs; all of them give the
// same bits, because sums run in the same order and every multiplication that is added is a fused one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace decant::kernels {

enum class Isa { plain, avx2, avx_vnni, avx512_vnni };

std::string_view isa_name(Isa isa);     // "AVX-512 VNNI"
std::string_view isa_word(Isa isa);     // "avx512_vnni"
std::span<const Isa> available_isas();  // that this CPU and this build have, slowest first; `plain` is always there

// None where ggml's own kernels are the better choice. The environment may name another one by its word, or "none", to
// measure and test: DECANT_ISA=avx2. Throws Error(usage) for a word that this machine does not have.
std::optional<Isa> best_isa();

}  // namespace decant::kernels
