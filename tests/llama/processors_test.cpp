// The processors against those of Hugging Face transformers: tests/support/goldens/README.md says what was recorded.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "processors/by_row.h"
#include "processors/sequence_bias.h"
#include "processors/support.h"
#include "processors/watermark_detector.h"
#include "support/golden_files.h"

namespace decant {
namespace {

using namespace test;

constexpr double kLogSoftmax = 4e-6;  // where a logarithm of a sum of floats is taken, in another order there

Floats floats(const Json& list) {
  Floats values;
  for (const Json& value : list) values.push_back(value.is_null() ? -inf : value.get<float>());
  return values;
}

WatermarkConfig watermark_config(const Json& a) {
  return {a["greenlist_ratio"], a["bias"], a["hashing_key"], a["seeding_scheme"] == "selfhash", a["context_width"]};
}

// The processor that a case describes.
std::unique_ptr<Processor> processor_of(const Json& c) {
  const Json& a = c["arguments"];
  const std::string name = c["processor"];
  const std::size_t n_vocab = c["logits"].size();
  if (name == "guidance_scale") return std::make_unique<Guidance>(a["scale"]);
  if (name == "sequence_bias") {
    return std::make_unique<SequenceBias>("sequence_bias", parse_sequence_bias(a["texts"], NumberVocab(n_vocab)));
  }
  if (name == "bad_words") {
    const Tokens eos = a["eos"];
    return std::make_unique<SequenceBias>("bad_words", parse_bad_words(a["texts"], NumberVocab(n_vocab), eos));
  }
  if (name == "encoder_repetition_penalty") return std::make_unique<EncoderRepetitionPenalty>(a["penalty"]);
  if (name == "repetition_penalty") return std::make_unique<RepetitionPenalty>(a["penalty"]);
  if (name == "no_repeat_ngram_size") return std::make_unique<NoRepeatNgram>(a["n"]);
  if (name == "encoder_no_repeat_ngram_size") return std::make_unique<EncoderNoRepeatNgram>(a["n"]);
  if (name == "min_length") return std::make_unique<MinLength>(a["n"], a["eos"]);
  if (name == "min_new_tokens") return std::make_unique<MinNewTokens>(a["n"], a["eos"]);
  if (name == "prefix_allowed_tokens_fn") {
    const Tokens allowed = a["allowed"];
    return std::make_unique<PrefixAllowedTokens>([allowed](std::span<const Token>) { return allowed; });
  }
  if (name == "forced_bos_token_id") return std::make_unique<ForcedBos>(a["bos"]);
  if (name == "forced_eos_token_id") return std::make_unique<ForcedEos>(a["eos"], a["max_length"]);
  if (name == "exponential_decay_length_penalty") {
    return std::make_unique<ExponentialDecayLengthPenalty>(a["start"], a["factor"], a["eos"]);
  }
  if (name == "suppress_tokens") return std::make_unique<SuppressTokens>(a["ids"]);
  if (name == "begin_suppress_tokens") return std::make_unique<BeginSuppressTokens>(a["ids"], a["forced_bos"]);
  if (name == "renormalize_logits") return std::make_unique<Renormalize>();
  if (name == "watermark") return std::make_unique<Watermark>(watermark_config(a), static_cast<int>(n_vocab));
  throw Error(ErrorKind::internal, "processors.json has an unknown processor {}", name);
}

TEST(LlamaProcessors, EqualHuggingFaces) {
  const Json cases = golden_cases("processors.json");
  std::map<std::string, int> compared, changed;
  for (const Json& c : cases) {
    const std::string name = c["processor"];
    SCOPED_TRACE(name + " " + c["arguments"].dump() + " " + c["tokens"].dump());
    const Tokens tokens = c["tokens"];
    const Floats unconditional = floats(c["arguments"].value("unconditional", Json::array()));
    const Context context{.tokens = tokens, .n_prompt = c["n_prompt"], .unconditional = unconditional};
    const std::unique_ptr<Processor> processor = processor_of(c);
    EXPECT_EQ(processor->name(), name);

    const Floats logits = floats(c["logits"]);
    const Floats wanted = floats(c["scores"]);
    // As long as the vocabulary, which a watermark hashes: no room for the ranked form's additional token.
    Scores scores = scores_of(logits);
    (*processor)(scores, context);
    const Floats found = values(scores, logits.size());
    const bool logarithm = name == "guidance_scale" || name == "renormalize_logits";
    for (std::size_t id = 0; id < wanted.size(); ++id) {
      if (logarithm && wanted[id] > -inf) {
        EXPECT_NEAR(found[id], wanted[id], kLogSoftmax) << "token " << id;
      } else {
        EXPECT_EQ(found[id], wanted[id]) << "token " << id;
      }
    }
    ++compared[name];
    if (wanted != logits) ++changed[name];
  }
  EXPECT_EQ(compared.size(), 17u);
  for (const auto& [name, n] : compared) {
    EXPECT_EQ(n, 20) << name;
    EXPECT_GE(changed[name], 4) << name << ": few of the cases show anything";
  }
}

TEST(LlamaProcessors, GreenListsEqualHuggingFaces) {
  const Json cases = golden("processors.json")["green_lists"];
  ASSERT_EQ(cases.size(), 21u);
  for (const Json& c : cases) {
    SCOPED_TRACE(c.dump());
    const Tokens tokens = c["tokens"];
    const int n_vocab = c["n_vocab"];
    const Tokens green = GreenList(watermark_config(c["config"]), n_vocab).behind(tokens);
    ASSERT_EQ(green.size(), c["n_green"].get<std::size_t>());
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < green.size(); ++i) sum += static_cast<std::uint32_t>((i + 1) * green[i]);
    EXPECT_EQ(sum, c["sum"].get<std::uint32_t>());
    const Tokens first = c["first"];
    EXPECT_TRUE(std::equal(first.begin(), first.end(), green.begin()));
  }
}

TEST(LlamaProcessors, WatermarkDetectorEqualsHuggingFaces) {
  const Json cases = golden("processors.json")["detections"];
  ASSERT_EQ(cases.size(), 20u);
  int n_watermarked = 0;
  for (const Json& c : cases) {
    SCOPED_TRACE(c.dump());
    const Tokens tokens = c["tokens"];
    std::optional<Token> bos;
    if (!c["bos"].is_null()) bos = c["bos"].get<Token>();
    const WatermarkFinding found = detect_watermark(tokens, watermark_config(c["config"]), c["n_vocab"], bos);
    EXPECT_EQ(found.n_scored, c["n_scored"].get<int>());
    EXPECT_EQ(found.n_green, c["n_green"].get<int>());
    EXPECT_DOUBLE_EQ(found.green_fraction, c["green_fraction"].get<double>());
    EXPECT_DOUBLE_EQ(found.z_score, c["z_score"].get<double>());
    EXPECT_NEAR(found.p_value, c["p_value"].get<double>(), 1e-15);
    EXPECT_EQ(found.is_watermarked, c["is_watermarked"].get<bool>());
    n_watermarked += found.is_watermarked ? 1 : 0;
  }
  EXPECT_GE(n_watermarked, 5);
  EXPECT_LE(n_watermarked, 15);
}

}  // namespace
}  // namespace decant
