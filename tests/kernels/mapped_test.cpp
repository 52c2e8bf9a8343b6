// release_mapped: what is a file's returns to it, all else stays.
#include "kernels/mapped.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <vector>

namespace decant::kernels {
namespace {

constexpr std::size_t kPage = 4096, kPages = 128;

// Pages of the process' own tables, not of the file's cache.
int present(const void* data, std::size_t size) {
  const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(pagemap, 0);
  int count = 0;
  for (std::size_t byte = 0; byte < size; byte += kPage) {
    std::uint64_t entry = 0;
    const auto page = (reinterpret_cast<std::uintptr_t>(data) + byte) / kPage;
    EXPECT_EQ(pread(pagemap, &entry, sizeof entry, static_cast<off_t>(page * sizeof entry)),
              static_cast<ssize_t>(sizeof entry));
    count += entry >> 63 != 0;
  }
  close(pagemap);
  return count;
}

class MappedFile {
 public:
  explicit MappedFile(int protection, int flags) {
    std::vector<std::uint8_t> bytes(kPages * kPage);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
    file_ = std::tmpfile();
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file_), bytes.size());
    std::fflush(file_);
    data_ = static_cast<std::uint8_t*>(mmap(nullptr, bytes.size(), protection, flags, fileno(file_), 0));
    EXPECT_NE(data_, MAP_FAILED);
  }
  ~MappedFile() {
    munmap(data_, kPages * kPage);
    std::fclose(file_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::uint8_t* data() const { return data_; }
  int sum() const { return std::accumulate(data_, data_ + kPages * kPage, 0); }

 private:
  std::FILE* file_;
  std::uint8_t* data_;
};

TEST(Mapped, LetsGoOfAFile) {
  const MappedFile file(PROT_READ, MAP_SHARED);
  const int sum = file.sum();
  ASSERT_EQ(present(file.data(), kPages * kPage), static_cast<int>(kPages));
  release_mapped(file.data() + 40 * kPage + 100, 50 * kPage);  // 49 whole pages between two halves
  EXPECT_EQ(present(file.data() + 41 * kPage, 49 * kPage), 0);
  EXPECT_EQ(present(file.data(), kPages * kPage), static_cast<int>(kPages) - 49);
  EXPECT_EQ(file.sum(), sum);
}

TEST(Mapped, LetsGoOfAllAFile) {
  const MappedFile file(PROT_READ, MAP_SHARED);
  const int sum = file.sum();
  release_mapped(file.data(), kPages * kPage);
  EXPECT_EQ(present(file.data(), kPages * kPage), 0);
  EXPECT_EQ(file.sum(), sum);
}

TEST(Mapped, LeavesWhatIsNoFile) {
  std::vector<std::uint8_t> bytes(kPages * kPage, 7);
  release_mapped(bytes.data(), bytes.size());
  EXPECT_EQ(std::accumulate(bytes.begin(), bytes.end(), 0), static_cast<int>(7 * bytes.size()));
}

TEST(Mapped, LeavesWhatMayHaveBeenChanged) {
  const MappedFile file(PROT_READ | PROT_WRITE, MAP_PRIVATE);
  std::fill_n(file.data(), kPages * kPage, std::uint8_t{9});
  release_mapped(file.data(), kPages * kPage);
  EXPECT_EQ(file.sum(), static_cast<int>(9 * kPages * kPage));
}

}  // namespace
}  // namespace decant::kernels
