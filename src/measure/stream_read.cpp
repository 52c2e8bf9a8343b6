#include "measure/stream_read.h"

#include <algorithm>
#include <chrono>
#include <latch>
#include <span>
#include <thread>

#include "numerics/multiversion.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

DECANT_MULTIVERSION std::uint64_t add_up(const std::uint64_t* words, std::size_t count) {
  std::uint64_t sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += words[i + lane];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t each : sums) sum += each;
  for (; i < count; ++i) sum += words[i];
  return sum;
}

struct Reading {
  Clock::time_point begin, end;
  std::uint64_t sum = 0;
};

}  // namespace

StreamRead::StreamRead(std::size_t bytes, int threads, std::size_t buffer) : parts_(static_cast<std::size_t>(threads)) {
  const std::size_t words = bytes / sizeof(std::uint64_t), held = std::min(bytes, buffer) / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto share = [&](std::size_t all) { return all * (i + 1) / parts_.size() - all * i / parts_.size(); };
    parts_[i] = {std::vector<std::uint64_t>(std::max<std::size_t>(share(held), 1), 1), share(words)};
  }
}

double StreamRead::seconds() {
  std::vector<Reading> readings(parts_.size());
  std::latch start(static_cast<std::ptrdiff_t>(parts_.size()));
  const auto read = [&](std::size_t i) {
    const Part& part = parts_[i];
    start.arrive_and_wait();
    const auto begin = Clock::now();
    std::uint64_t sum = 0;
    for (std::size_t left = part.count, next = 0; left > 0; left -= next) {
      next = std::min(left, part.words.size());
      sum += add_up(part.words.data(), next);
    }
    readings[i] = {begin, Clock::now(), sum};
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < parts_.size(); ++i) others.emplace_back(read, i);
    read(0);
  }
  sum_ = 0;
  for (const Reading& each : readings) sum_ += each.sum;
  const auto first = std::ranges::min(readings, {}, &Reading::begin).begin;
  const auto last = std::ranges::max(readings, {}, &Reading::end).end;
  return std::chrono::duration<double>(last - first).count();
}

}  // namespace decant
