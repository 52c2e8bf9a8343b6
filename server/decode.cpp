// Tested by tests/server/serve_test.py.
#include "server/decode.h"

#include <chrono>
#include <utility>

#include "server/api_error.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

class Decoding final : public Response {
 public:
  Decoding(std::shared_ptr<ServedModel> model, TextRequest request, const GenerationLimits& limits, Metrics& metrics,
           const MakeTracer& make_tracer, const Wake& wake)
      : model_(std::move(model)), limits_(limits), metrics_(metrics) {
    GenerationConfig& config = request.config;
    complete(config, !request.messages.empty(), model_->file());
    if (!config.seed) config.seed = random_seed();
    const StrategyRow& row = resolve_strategy(config);
    ReadPrompt prompt = std::move(read_prompts(request, model_->file()).at(0));
    Job job;
    job.config = config;
    job.prompt = prompt.tokens;
    job.healed = prompt.healed;
    if (config.guidance_scale != 1 && !config.negative_prompt.empty())
      job.negative_prompt = read_prompt_text(config.negative_prompt, model_->file()).tokens;
    job.keeps_text = limits_.keeps_texts;
    job.bell = std::make_shared<Bell>(wake);
    const auto write = [this](std::string_view line) {
      const bool has_end = line.ends_with('\n');
      events_ += "data: ";
      events_ += line.substr(0, line.size() - (has_end ? 1 : 0));
      events_ += "\n\n";
    };
    prompt_tokens_ = static_cast<int>(prompt.tokens.size());
    tracer_ =
        make_tracer(write, model_->file().vocab(), {model_->name(), std::string(row.name), config, std::move(prompt)});
    job.wishes = wishes_of(*tracer_);
    ticket_ = model_->engine().submit(std::move(job));
  }

  ~Decoding() override {
    if (!ended_) ++metrics_.cancelled;
  }

  Piece advance() override {
    if (ended_) return {};
    while (const auto event = ticket_.next_if_any()) {
      if (!std::exchange(any_, true)) metrics_.first_token.add(since(begin_));
      tell(*tracer_, *event);
    }
    if (ticket_.ended()) {
      if (const auto error = ticket_.outcome().error) return fail(api_error(error, true));
      write_outcome();
      ended_ = true;
    } else if (cut_) {
      return fail({503, "the server is shutting down"});
    } else if (!any_ && since(begin_) > limits_.longest_wait && ticket_.stats().rows == 0) {
      return fail({503, fmt::format("nothing was free for {} s: try again later", limits_.longest_wait)});
    }
    Piece piece{.bytes = std::exchange(events_, {}), .last = ended_};
    if (!head_sent_ && !piece.bytes.empty()) {
      head_sent_ = true;
      piece.head = HttpHead{.type = "text/event-stream", .headers = {{"Cache-Control", "no-cache"}}};
    }
    return piece;
  }

  void cut() override { cut_ = true; }

 private:
  void write_outcome() {
    const Outcome& outcome = ticket_.outcome();
    JsonWriter json;
    json.begin_object().key("sequences").begin_array();
    for (const Sequence& each : outcome.sequences) {
      json.begin_object().field("text", std::string_view(each.bytes)).field("finish_reason", to_string(each.finish));
      json.field("score", each.score).end_object();
    }
    const RunStats& stats = outcome.stats;
    json.end_array().key("stats").begin_object().field("prompt_tokens", stats.prompt_tokens);
    json.field("new_tokens", stats.new_tokens).field("prefill_s", stats.prefill_s).field("decode_s", stats.decode_s);
    json.field("evals", stats.evals).field("rows", stats.rows).end_object().end_object();
    events_ += "event: end\ndata: " + json.text() + "\n\n";
    metrics_.prompt_tokens += static_cast<std::uint64_t>(prompt_tokens_);
    metrics_.new_tokens += static_cast<std::uint64_t>(stats.new_tokens);
    metrics_.whole.add(since(begin_));
  }

  Piece fail(const ApiError& error) {
    ended_ = true;
    ++metrics_.failed;
    ticket_.cancel();
    WholeResponse answer = answer_of(error);
    if (!head_sent_) return {std::move(answer.head), std::move(answer.body), true};
    return {{}, std::exchange(events_, {}) + "event: error\ndata: " + answer.body + "\n\n", true};
  }

  std::shared_ptr<ServedModel> model_;
  GenerationLimits limits_;
  Metrics& metrics_;
  Clock::time_point begin_ = Clock::now();
  std::unique_ptr<RunObserver> tracer_;
  Ticket ticket_;
  std::string events_;
  int prompt_tokens_ = 0;
  bool any_ = false, head_sent_ = false, ended_ = false, cut_ = false;
};

}  // namespace

std::unique_ptr<Response> decode(const std::shared_ptr<ServedModel>& model, TextRequest request,
                                 const GenerationLimits& limits, Metrics& metrics, const MakeTracer& make_tracer,
                                 const Wake& wake) {
  return std::make_unique<Decoding>(model, std::move(request), limits, metrics, make_tracer, wake);
}

}  // namespace decant
