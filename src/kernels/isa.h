// Instruction sets that the kernels are compiled for. One of them is chosen when the program runs; all of them give the
// same bits, because sums run in the same order and every multiplication that is added is a fused one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace decant::kernels {

enum class Isa { plain, avx2, avx_vnni, avx512_vnni };

std::string_view isa_name(Isa isa);          // "AVX-512 VNNI"
std::span<const Isa> available_isas();       // that this CPU and this build have, slowest first; `plain` is always there
std::optional<Isa> best_isa();               // none where ggml's own kernels are the better choice

}  // namespace decant::kernels
