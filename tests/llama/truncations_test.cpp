// The truncations against those of Hugging Face transformers: tests/support/goldens/README.md says what was recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "processors/epsilon_cutoff.h"
#include "processors/eta_cutoff.h"
#include "processors/min_p.h"
#include "processors/support.h"
#include "processors/top_k.h"
#include "processors/top_p.h"
#include "processors/typical_p.h"
#include "support/golden_files.h"

namespace decant {
namespace {

using namespace test;

std::unique_ptr<Processor> processor_of(const Json& c) {
  const std::string name = c["processor"];
  const double parameter = c["parameter"];
  const int min_keep = c["min_tokens_to_keep"];
  if (name == "top_k") return std::make_unique<TopK>(static_cast<int>(parameter), min_keep);
  if (name == "top_p") return std::make_unique<TopP>(parameter, min_keep);
  if (name == "min_p") return std::make_unique<MinP>(parameter, min_keep);
  if (name == "typical_p") return std::make_unique<TypicalP>(parameter, min_keep);
  if (name == "epsilon_cutoff") return std::make_unique<EpsilonCutoff>(parameter, min_keep);
  if (name == "eta_cutoff") return std::make_unique<EtaCutoff>(parameter, min_keep);
  throw Error(ErrorKind::internal, "truncations.json has an unknown processor {}", name);
}

Floats scores_at(const Tokens& ids, const Floats& logits) {
  Floats scores;
  for (const Token id : ids) scores.push_back(logits[id]);
  std::sort(scores.begin(), scores.end());
  return scores;
}

// Of equal tokens across a boundary top_p keeps the lower ids here, and what its sort makes the last there: it is
// enough that they are as many.
TEST(LlamaTruncations, EqualHuggingFaces) {
  std::map<std::string, int> compared, cut;
  for (const Json& c : golden_cases("truncations.json")) {
    const std::string name = c["processor"];
    SCOPED_TRACE(c.dump());
    Floats logits;
    for (const Json& value : c["logits"]) logits.push_back(value.is_null() ? -inf : value.get<float>());
    const Tokens kept = c["kept"];
    const Tokens found = kept_by(*processor_of(c), logits);
    if (name == "top_p") {
      EXPECT_EQ(scores_at(found, logits), scores_at(kept, logits));
    } else {
      EXPECT_EQ(found, kept);
    }
    ++compared[name];
    cut[name] += kept.size() < logits.size();
  }
  EXPECT_EQ(compared.size(), 6u);
  for (const auto& [name, n] : compared) {
    EXPECT_GE(n, 44) << name;
    EXPECT_GE(cut[name], 30) << name << ": few of the cases show anything";
  }
}

}  // namespace
}  // namespace decant
