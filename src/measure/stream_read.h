// The memory limit of decoding: a step reads every weight once, so it cannot be faster than reading as many bytes.
//
// Each thread reads its own part from one end to the other and adds up the words, 512 bits at a time where the
// processor has them. The buffer is at most kBuffer bytes, which no cache holds; of larger weights it is read several
// times. Tested by tests/measure/stream_read_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace decant {

class StreamRead {
 public:
  static constexpr std::size_t kBuffer = std::size_t{1} << 30;

  StreamRead(std::size_t bytes, int threads, std::size_t buffer = kBuffer);

  // From the first thread's start to the last one's end.
  double seconds();

  // Of all words that the last call of seconds() read: they are ones.
  std::uint64_t sum() const { return sum_; }

 private:
  struct Part {
    std::vector<std::uint64_t> words;
    std::size_t count = 0;  // words to read: all of them, again and again
  };
  std::vector<Part> parts_;  // one for each thread
  std::uint64_t sum_ = 0;
};

}  // namespace decant
