// Tested by tests/kernels/mapped_test.cpp.
#include "kernels/mapped.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

namespace decant::kernels {
namespace {

struct Range {
  std::uintptr_t begin = 0, end = 0;
};

// The read-only part of a mapped file that has all of [first, last); what may be written could be a page's only copy.
Range mapped_around(std::uintptr_t first, std::uintptr_t last) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"), &std::fclose);
  if (!maps) return {};
  char line[512];
  bool whole = true;  // no rest of a longer line
  while (std::fgets(line, sizeof line, maps.get())) {
    Range range;
    unsigned long inode;
    char access[5];
    const bool read = whole && std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %lu", &range.begin, &range.end,
                                           access, &inode) == 4;
    whole = line[std::strlen(line) - 1] == '\n';
    if (read && range.begin <= first && last <= range.end) return inode != 0 && access[1] == '-' ? range : Range{};
  }
  return {};
}

}  // namespace

void release_mapped(const void* data, std::size_t size) {
  const auto first = reinterpret_cast<std::uintptr_t>(data), last = first + size;
  const Range mapped = mapped_around(first, last);
  if (mapped.begin == mapped.end) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (first + page - 1) / page * page, end = last / page * page;
  if (begin >= end) return;
  // Or the next page that is read would return with all 2 MB around it.
  madvise(reinterpret_cast<void*>(mapped.begin), mapped.end - mapped.begin, MADV_NOHUGEPAGE);
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace decant::kernels
