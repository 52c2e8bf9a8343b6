// What a server counts, from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace decant {

// Seconds, in buckets that Prometheus adds up.
class Histogram {
 public:
  static constexpr std::array<double, 12> bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

  void add(double seconds);
  void write(std::string& page, const char* name, const char* help) const;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_ = {};
  std::atomic<std::uint64_t> microseconds_ = 0;
};

struct Metrics {
  std::atomic<std::uint64_t> requests = 0, refused = 0, failed = 0, cancelled = 0;
  std::atomic<std::uint64_t> prompt_tokens = 0, new_tokens = 0, drafted = 0, drafts_kept = 0;
  Histogram first_token, whole;

  void write(std::string& page) const;
};

// A line of Prometheus' text format, with its help before it.
void write_metric(std::string& page, const char* name, const char* type, const char* help, double value);

}  // namespace decant
