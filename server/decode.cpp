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
           const MakeTracer& make_tracer, KeptAnswers& kept, const Wake& wake)
      : model_(std::move(model)), limits_(limits), metrics_(metrics), kept_(kept) {
    GenerationConfig& config = request.config;
    Job job;
    answer_ = {.model = model_->name(), .realm = request.realm, .chat = !request.messages.empty()};
    job.model = request.reader;
    if (request.from) {
      job.from = go_on_from(*request.from);
      std::vector<Token> text = job.from.tokens();
      text.insert(text.end(), request.from->tokens.begin(), request.from->tokens.end());
      request.prompts = {std::move(text)};
    }
    if (!config.seed) config.seed = random_seed();
    const StrategyRow& row = resolve_strategy(config);
    ReadPrompt prompt = std::move(read_prompts(request, model_->file()).at(0));
    answer_.prompt = prompt.tokens.size();
    job.config = config;
    const bool is_known = request.from && job.from.model() == job.model;  // another copy of the model has read none
    if (!is_known) job.from = {};
    job.prompt = is_known ? request.from->tokens : prompt.tokens;
    job.healed = prompt.healed;
    if (config.guidance_scale != 1 && !config.negative_prompt.empty())
      job.negative_prompt = read_prompt_text(config.negative_prompt, model_->file()).tokens;
    job.realm = request.realm;
    job.bookmarks = true;
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
  // The text up to the place that is meant; whether its turns end is that answer's.
  Bookmark go_on_from(const GoOn& from) {
    const auto earlier = kept_.find(from.id, answer_.realm);
    if (!earlier || earlier->model != model_->name()) {
      throw ApiError(
          404, fmt::format("there is no answer {} of {} any more: send its ids as prompt", from.id, model_->name()),
          "from", "answer_not_found");
    }
    if (from.sequence >= earlier->texts.size())
      throw ApiError(400, fmt::format("from must name one of that answer's {} sequences", earlier->texts.size()),
                     "from");
    const Bookmark& text = earlier->texts[from.sequence];
    const std::size_t written = text.tokens().size() - std::min(text.tokens().size(), earlier->prompt);
    const std::size_t length = from.length.value_or(written);
    if (length > written)
      throw ApiError(400, fmt::format("from has length {}, but that text has {} new tokens", length, written), "from");
    answer_.chat = earlier->chat;
    return text.first(std::min(text.tokens().size(), earlier->prompt + length));
  }

  void write_outcome() {
    const Outcome& outcome = ticket_.outcome();
    answer_.texts = outcome.bookmarks;
    JsonWriter json;
    json.begin_object().field("id", std::string_view(kept_.keep(std::move(answer_)))).key("sequences").begin_array();
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
  KeptAnswers& kept_;
  KeptAnswer answer_;  // what will be kept of it
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
                                 KeptAnswers& kept, const Wake& wake) {
  return std::make_unique<Decoding>(model, std::move(request), limits, metrics, make_tracer, kept, wake);
}

}  // namespace decant
