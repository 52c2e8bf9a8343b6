// A request for texts on its way: its tickets, and what OpenAI's protocol says of them, whole or as it comes.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "run/text_stream.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/prompts.h"
#include "server/request.h"
#include "server/served_models.h"

namespace decant {

struct GenerationLimits {
  double longest_wait = 60;  // seconds in line
};

// Hands the request in. Throws ApiError and Error for what is refused at once.
std::unique_ptr<Response> generate(const std::shared_ptr<ServedModel>& model, TextRequest request,
                                   const GenerationLimits& limits, Metrics& metrics, const Wake& wake);

}  // namespace decant
