#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace decant {

void Histogram::add(double seconds) {
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  microseconds_ += static_cast<std::uint64_t>(std::max(0.0, seconds) * 1e6);
}

void Histogram::write(std::string& page, const char* name, const char* help) const {
  page += fmt::format("# HELP {0} {1}\n# TYPE {0} histogram\n", name, help);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    sum += counts_[i];
    page += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bounds[i], sum);
  }
  sum += counts_.back();
  page += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, sum,
                      static_cast<double>(microseconds_) / 1e6);
}

void write_metric(std::string& page, const char* name, const char* type, const char* help, double value) {
  page += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
}

void Metrics::write(std::string& page) const {
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    write_metric(page, name, "counter", help, static_cast<double>(value));
  };
  counter("decant_requests_total", "requests for texts", requests);
  counter("decant_requests_refused_total", "of them, refused", refused);
  counter("decant_requests_failed_total", "of them, ended by an error", failed);
  counter("decant_requests_cancelled_total", "of them, whose client went away", cancelled);
  counter("decant_prompt_tokens_total", "tokens of prompts", prompt_tokens);
  counter("decant_new_tokens_total", "tokens written", new_tokens);
  counter("decant_drafted_tokens_total", "tokens guessed by drafters", drafted);
  counter("decant_drafts_kept_total", "of them, kept", drafts_kept);
  first_token.write(page, "decant_time_to_first_token_seconds", "until a request's first token");
  whole.write(page, "decant_request_seconds", "until a request's end");
}

}  // namespace decant
