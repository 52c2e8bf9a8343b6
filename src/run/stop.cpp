// Tested by tests/run/stop_test.cpp.
#include "run/stop.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "options/table.h"

namespace decant {
namespace {

void check_ids(std::string_view option, const std::vector<Token>& ids, const Vocab& vocab) {
  for (const Token id : ids) {
    if (id < 0 || id >= vocab.size()) {
      throw Error(ErrorKind::usage, "{} has {}: this model's tokens are 0 to {}", option, id, vocab.size() - 1);
    }
  }
}

}  // namespace

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::running:
      return "unfinished";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::time:
      return "time";
    case FinishReason::context:
      return "context";
    case FinishReason::dead_end:
      return "dead_end";
  }
  return "";
}

int max_length(const GenerationConfig& config, int prompt_length) {
  const auto table = generation_fields();
  const bool asked = is_set(config, get(table, "max_new_tokens"));
  const int longest = std::numeric_limits<int>::max();
  const int by_new = config.max_new_tokens > longest - prompt_length ? longest : prompt_length + config.max_new_tokens;
  if (!config.max_length) return by_new;
  return asked ? std::min(by_new, *config.max_length) : *config.max_length;
}

StopRules::StopRules(const GenerationConfig& config, const Vocab& vocab, int prompt_length, int n_context,
                     std::size_t healed)
    : vocab_(vocab),
      stop_strings_(config.stop_strings),
      keep_stop_string_(config.include_stop_str_in_output),
      prompt_length_(prompt_length),
      healed_(healed),
      max_length_(decant::max_length(config, prompt_length)),
      n_context_(n_context),
      max_time_(config.max_time.value_or(std::numeric_limits<double>::infinity())) {
  check_ids("stop_token_ids", config.stop_token_ids, vocab);
  if (config.eos_token_id) check_ids("eos_token_id", *config.eos_token_id, vocab);
  if (!config.ignore_eos) stop_tokens_ = config.eos_token_id ? *config.eos_token_id : vocab.eos();
  stop_tokens_.insert(stop_tokens_.end(), config.stop_token_ids.begin(), config.stop_token_ids.end());
  std::erase(stop_strings_, "");
  for (const std::string& each : stop_strings_) longest_ = std::max(longest_, each.size());
}

bool StopRules::is_stop_token(Token token) const {
  return std::find(stop_tokens_.begin(), stop_tokens_.end(), token) != stop_tokens_.end();
}

Stop StopRules::check(const Node& last, double seconds) const {
  if (is_stop_token(last.token())) return {FinishReason::stop, 0};
  if (const Stop stop = find_stop_string(last); stop.reason != FinishReason::running) return stop;
  if (last.length() >= max_length_) return {FinishReason::length, 0};
  if (last.length() > n_context_) return {FinishReason::context, 0};
  if (seconds >= max_time_) return {FinishReason::time, 0};
  return {};
}

// How many bytes at the text's end the last token has brought. While a text is healed its tokens have bytes each.
std::size_t StopRules::new_bytes(const Node& last) const {
  const std::size_t all = vocab_.bytes(last.token()).size();
  const auto n_before = static_cast<std::size_t>(std::max(last.length() - 1 - prompt_length_, 0));
  if (n_before >= healed_) return all;
  std::size_t known = healed_;  // of the bytes before: those that are still to be repeated
  for (Node node = last.parent(); node.length() > prompt_length_; node = node.parent()) {
    known -= std::min(known, vocab_.bytes(node.token()).size());
  }
  return all - std::min(all, known);
}

Stop StopRules::find_stop_string(const Node& last) const {
  if (stop_strings_.empty()) return {};
  const std::size_t newest = new_bytes(last);
  if (newest == 0) return {};
  std::string text;  // the end of the text: long enough for any stop string that overlaps the newest token
  for (Node node = last; node.length() > 0 && text.size() < newest + longest_ - 1; node = node.parent()) {
    text.insert(0, vocab_.bytes(node.token()));
  }
  std::size_t found = std::string::npos;  // start of the leftmost match
  for (const std::string& stop : stop_strings_) {
    const std::size_t before = text.size() - newest;  // a match must end after this
    const std::size_t from = before + 1 > stop.size() ? before + 1 - stop.size() : 0;
    found = std::min(found, text.find(stop, from));
  }
  if (found == std::string::npos) return {};
  return {FinishReason::stop, keep_stop_string_ ? 0 : text.size() - found};
}

}  // namespace decant
