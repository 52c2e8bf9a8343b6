// One target as libFuzzer calls it. DECANT_FUZZ_TARGET: its name.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decant::fuzz::DECANT_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
