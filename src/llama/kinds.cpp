// Tested by tests/hostile/models_test.py.
#include "llama/kinds.h"

#include <string_view>

#include "base/error.h"

namespace decant {
namespace {

constexpr const char* kDraft = "the draft of another model, which it cannot do without";
constexpr const char* kSpeech = "a model of speech";

// By a part of the architecture's name. libllama says so of few of them, and the graphs of some have no logits.
constexpr struct {
  std::string_view part;
  const char* what;
} kinds[] = {{"bert", kEncoder},
             {"llama-embed", kEncoder},
             {"gemma-embedding", kEncoder},
             {"t5encoder", "an encoder"},
             {"dflash", kDraft},
             {"gemma4-assistant", kDraft},
             {"tts", kSpeech},
             {"wavtokenizer", kSpeech}};

}  // namespace

void refuse_kind(const std::filesystem::path& path, const char* what) {
  throw Error(ErrorKind::unavailable, "{} is {}: decant runs decoder-only transformers", path.string(), what);
}

void check_kind(const std::filesystem::path& path, const GgufInfo& info) {
  for (const auto& [part, what] : kinds) {
    if (info.architecture.find(part) != info.architecture.npos) refuse_kind(path, what);
  }
}

bool is_draft(const GgufInfo& info) { return info.architecture == "eagle3"; }

void check_speaks_alone(const std::filesystem::path& path, const GgufInfo& info) {
  if (!is_draft(info)) return;
  throw Error(ErrorKind::unavailable, "{} is {}: give it to that model as --assistant-model", path.string(), kDraft);
}

}  // namespace decant
