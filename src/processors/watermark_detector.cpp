#include "processors/watermark_detector.h"

#include <cmath>
#include <map>
#include <numbers>

#include "base/error.h"
#include "processors/token_ids.h"

namespace decant {
namespace {

double p_value_of(double z) {
  const double sign = z > 0 ? 1 : z < 0 ? -1 : 0;
  return 1 - .5 * (1 + sign * (1 - std::exp(-2 * z * z / std::numbers::pi)));
}

void judge(WatermarkFinding& finding, double ratio, double z_threshold) {
  const double n = finding.n_scored;
  finding.green_fraction = finding.n_green / n;
  finding.z_score = (finding.n_green - ratio * n) / std::sqrt(n * ratio * (1 - ratio));
  finding.p_value = p_value_of(finding.z_score);
  finding.is_watermarked = finding.z_score > z_threshold;
}

}  // namespace

WatermarkFinding detect_watermark(std::span<const Token> tokens, const WatermarkConfig& config, int n_vocab,
                                  std::optional<Token> bos, const WatermarkTest& test) {
  const GreenList green_list(config, n_vocab);
  check_token_ids("the text", tokens, n_vocab);
  if (!tokens.empty() && tokens[0] == bos) tokens = tokens.subspan(1);
  const auto width = static_cast<std::size_t>(config.context_width);
  if (tokens.size() <= width) {
    throw Error(ErrorKind::data, "the text has {} tokens: this watermark shows in no fewer than {}", tokens.size(),
                width + 1);
  }
  const std::size_t n = config.selfhash ? width : width + 1;
  std::map<std::vector<Token>, bool> known;
  WatermarkFinding finding;
  for (std::size_t i = n - 1; i < tokens.size(); ++i) {
    const auto ngram = tokens.subspan(i + 1 - n, n);
    const auto [found, is_new] = known.try_emplace({ngram.begin(), ngram.end()});
    if (is_new) found->second = green_list.contains(tokens.first(i), tokens[i]);
    if (test.ignore_repeated_ngrams && !is_new) continue;
    ++finding.n_scored;
    finding.n_green += found->second ? 1 : 0;
  }
  judge(finding, config.greenlist_ratio, test.z_threshold);
  return finding;
}

}  // namespace decant
