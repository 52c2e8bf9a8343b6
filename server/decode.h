// /v1/decode: a request in, its trace out, record by record as server-sent events, then one that says what came of it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "server/generation.h"
#include "server/kept_answers.h"

namespace decant {

// What the trace's first record says of the run.
struct TracedRun {
  std::string model, strategy;
  GenerationConfig config;
  ReadPrompt prompt;
};

using TraceLine = std::function<void(std::string_view)>;

// Makes who writes a run's records, each a line of JSON.
using MakeTracer = std::function<std::unique_ptr<RunObserver>(TraceLine write, const Vocab& vocab, TracedRun run)>;

std::unique_ptr<Response> decode(const std::shared_ptr<ServedModel>& model, TextRequest request,
                                 const GenerationLimits& limits, Metrics& metrics, const MakeTracer& make_tracer,
                                 KeptAnswers& kept, const Wake& wake);

}  // namespace decant
