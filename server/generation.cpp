// Tested by tests/server/serve_test.py.
#include "server/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "options/table.h"
#include "server/api_error.h"
#include "server/call_reader.h"
#include "server/random_name.h"
#include "server/responses.h"
#include "server/thought_reader.h"
#include "strategies/resolve.h"
#include "strategies/score.h"
#include "strategies/speculative_trace.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

const Json& no_tools() {
  static const Json none;
  return none;
}

// What clients expect in place of minus infinity, which JSON has not.
constexpr double kNever = -9999;

double as_logprob(double value) { return std::isfinite(value) ? value : kNever; }

struct Alternative {
  Token id = 0;
  double logprob = 0;
};

// A token as its log-probabilities are told.
struct Record {
  Token id = 0;
  std::size_t bytes = 0;                               // that it adds to the text
  std::optional<double> logprob = {}, processed = {};  // nothing: of the first token there is none
  std::vector<Alternative> top = {};
  std::string_view drafter = {};  // whose guess it was; empty: nobody's
};

// The drafter whose guess the token is.
std::string_view drafter_of(const Decision& decision) {
  const auto* trace = dynamic_cast<const SpeculativeTrace*>(decision.strategy.get());
  return trace && trace->verdict == "accepted" ? trace->drafter : std::string_view();
}

Record record_of(const Decision& decision, int alternatives) {
  Record record{.id = decision.token};
  record.logprob = as_logprob(decision.logit - decision.logsumexp);
  record.processed = as_logprob(std::log(decision.p));
  record.drafter = drafter_of(decision);
  for (const TraceCandidate& each : decision.top)
    record.top.push_back({each.id, as_logprob(static_cast<double>(each.logit) - decision.logsumexp)});
  const auto likelier = [](const Alternative& a, const Alternative& b) { return a.logprob > b.logprob; };
  std::stable_sort(record.top.begin(), record.top.end(), likelier);
  if (std::ssize(record.top) > alternatives) record.top.resize(static_cast<std::size_t>(alternatives));
  return record;
}

// A name of the token that no other shares where it could matter: its text, its bytes where they are no text, the name
// of a control token.
std::string name_of(Token id, const Vocab& vocab) {
  const std::string_view bytes = vocab.bytes(id);
  if (bytes.empty()) return std::string(vocab.piece(id));
  if (!find_invalid_utf8(bytes)) return std::string(bytes);
  std::string name = "bytes:";
  for (const char byte : bytes) name += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return name;
}

void write_number(JsonWriter& json, std::string_view name, const std::optional<double>& value) {
  json.key(name);
  value ? json.value(*value) : json.value(nullptr);
}

void write_bytes(JsonWriter& json, std::string_view bytes) {
  json.key("bytes").begin_array();
  for (const char byte : bytes) json.value(static_cast<int>(static_cast<unsigned char>(byte)));
  json.end_array();
}

void write_chat_logprobs(JsonWriter& json, const std::vector<Record>& records, const Vocab& vocab) {
  json.begin_object().key("content").begin_array();
  for (const Record& each : records) {
    json.begin_object().field("token", std::string_view(name_of(each.id, vocab))).field("id", each.id);
    write_number(json, "logprob", each.logprob);
    write_number(json, "processed_logprob", each.processed);
    write_bytes(json, vocab.bytes(each.id));
    if (!each.drafter.empty()) json.field("drafter", each.drafter);
    json.key("top_logprobs").begin_array();
    for (const Alternative& other : each.top) {
      json.begin_object().field("token", std::string_view(name_of(other.id, vocab))).field("id", other.id);
      json.field("logprob", other.logprob);
      write_bytes(json, vocab.bytes(other.id));
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("refusal").value(nullptr).end_object();
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// OpenAI's older form. `offset`: characters of the text before.
void write_text_logprobs(JsonWriter& json, const std::vector<Record>& records, std::size_t& offset,
                         const Vocab& vocab) {
  const auto list = [&](std::string_view name, auto write) {
    json.key(name).begin_array();
    for (const Record& each : records) write(each);
    json.end_array();
  };
  const auto number = [&](const std::optional<double>& value) { value ? json.value(*value) : json.value(nullptr); };
  json.begin_object();
  list("tokens", [&](const Record& each) { json.value(std::string_view(name_of(each.id, vocab))); });
  list("token_logprobs", [&](const Record& each) { number(each.logprob); });
  list("top_logprobs", [&](const Record& each) {
    if (!each.logprob) {
      json.value(nullptr);
      return;
    }
    std::map<std::string, double, std::less<>> by_name;  // the likelier of two that look alike
    for (const Alternative& other : each.top) by_name.try_emplace(name_of(other.id, vocab), other.logprob);
    by_name.try_emplace(name_of(each.id, vocab), *each.logprob);
    json.begin_object();
    for (const auto& other : by_name) json.field(other.first, other.second);
    json.end_object();
  });
  list("text_offset", [&](const Record& each) {
    json.value(offset);
    offset += characters(vocab.bytes(each.id));
  });
  list("token_ids", [&](const Record& each) { json.value(each.id); });
  list("processed_logprobs", [&](const Record& each) { number(each.processed); });
  list("drafted", [&](const Record& each) { json.value(!each.drafter.empty()); });
  json.end_object();
}

std::string_view openai_reason(FinishReason reason) { return reason == FinishReason::stop ? "stop" : "length"; }

// A text on its way to its reader.
struct Choice {
  int index = 0;
  TextStream stream;
  std::string text = {};              // all that may be shown
  std::size_t released = 0;           // bytes of it, and of what could not be shown, that records have been told for
  std::size_t written = 0;            // bytes of all its tokens
  std::deque<Record> told = {};       // decisions whose token is still to come
  std::deque<Record> held = {};       // tokens whose text may not be shown yet
  std::vector<Record> records = {};   // those that may be shown and have not been
  std::size_t offset = 0;             // in characters, of the next record
  bool begun = false, ended = false;  // the stream has its first, its last chunk
  std::optional<FinishReason> finish = {};
  std::optional<ThoughtReader> thoughts = {};
  std::optional<CallReader> calls = {};  // in what is said behind the thoughts

  bool is_read() const { return thoughts || calls; }  // not said as it is

  void show(const std::string& more, std::size_t withheld) {
    text += more;
    release(written - withheld);
  }

  // At the end: a token of which but a part is shown is told of too.
  void release_rest(std::size_t upto) {
    release(upto);
    if (released < upto && !held.empty()) release(released + held.front().bytes);
  }

  void release(std::size_t upto) {
    while (!held.empty() && released + held.front().bytes <= upto) {
      released += held.front().bytes;
      records.push_back(std::move(held.front()));
      held.pop_front();
    }
  }
};

// One prompt: its texts, and before them its own log-probabilities if they are asked for.
struct Part {
  ReadPrompt prompt;
  Ticket scoring, writing;
  std::vector<Record> scored = {};
  int first = 0;  // of its choices
};

class Generation final : public Response {
 public:
  Generation(std::shared_ptr<ServedModel> model, TextRequest request, const GenerationLimits& limits, Metrics& metrics,
             const Wake& wake)
      : model_(std::move(model)),
        request_(std::move(request)),
        limits_(limits),
        metrics_(metrics),
        chat_(request_.endpoint != Endpoint::completions),
        id_(random_name(chat_ ? "chatcmpl-" : "cmpl-")),
        created_(std::time(nullptr)) {
    GenerationConfig& config = request_.config;
    const ChatTemplate* chat = model_->file().chat_template();
    notation_ = prepare_tools(request_, model_->file());
    if (chat && is_conversation(request_.endpoint) && request_.divides_thoughts)
      thoughts_ = thought_marks_of(chat->source());
    if (!config.seed) config.seed = random_seed();
    if (request_.logprobs > config.trace_top) config.trace_top = request_.logprobs;
    strategy_ = resolve_strategy(config).name;
    if (request_.endpoint == Endpoint::responses) response_.emplace(request_.body, model_->name(), created_);
    const auto bell = std::make_shared<Bell>(wake);
    for (ReadPrompt& each : read_prompts(request_, model_->file())) add(std::move(each), bell);
  }

  ~Generation() override {
    if (!ended_) ++metrics_.cancelled;
  }

  Piece advance() override {
    if (ended_) return {};
    for (Part& part : parts_) {
      if (const auto error = read(part)) return fail(*error);
    }
    if (cut_) return fail({503, "the server is shutting down"});
    const bool over = std::all_of(parts_.begin(), parts_.end(), [](const Part& each) { return is_over(each); });
    if (over) count();
    if (!request_.stream) return over ? all() : Piece{};
    Piece piece;
    if (!head_sent_ && (over || any_ || !events_.empty())) {  // an echo comes before anything is written
      head_sent_ = true;
      piece.head = HttpHead{.type = "text/event-stream", .headers = {{"Cache-Control", "no-cache"}}};
    }
    if (over) end_stream();
    piece.bytes = std::exchange(events_, {});
    piece.last = ended_ = over;
    return piece;
  }

  void cut() override { cut_ = true; }

 private:
  // ---- handing in

  void add(ReadPrompt prompt, const std::shared_ptr<Bell>& bell) {
    Part part;
    part.prompt = std::move(prompt);
    part.first = static_cast<int>(choices_.size());
    const GenerationConfig& config = request_.config;
    std::string before;
    for (const Token token : part.prompt.tokens) before += model_->file().vocab().bytes(token);
    const bool is_free = config.grammar.empty() && config.json_schema.empty();  // a form is of all that is written
    const auto hidden = config.include_stop_str_in_output ? std::vector<std::string>{} : config.stop_strings;
    for (int i = 0; i < config.num_return_sequences; ++i) {
      Choice choice{.index = part.first + i, .stream = TextStream(hidden, before + part.prompt.healed)};
      if (request_.echo && request_.logprobs < 0) choice.text = part.prompt.text;
      if (thoughts_) choice.thoughts.emplace(*thoughts_, is_free && ends_within_thought(part.prompt.text, *thoughts_));
      if (notation_) choice.calls.emplace(*notation_, request_.tools.any() ? request_.tools.tools : no_tools());
      choices_.push_back(std::move(choice));
    }
    if (request_.echo && request_.logprobs >= 0) score_prompt(part, bell);
    Job job;
    job.model = request_.reader;
    job.config = config;
    job.prompt = part.prompt.tokens;
    job.healed = part.prompt.healed;
    if (config.guidance_scale != 1 && !config.negative_prompt.empty())
      job.negative_prompt = read_prompt_text(config.negative_prompt, model_->file()).tokens;
    job.wishes.decisions = request_.logprobs >= 0;
    job.realm = request_.realm;
    job.bell = bell;
    part.writing = model_->engine().submit(std::move(job));
    parts_.push_back(std::move(part));
  }

  // The distributions along the prompt, of all its tokens but the first.
  void score_prompt(Part& part, const std::shared_ptr<Bell>& bell) {
    const std::vector<Token>& tokens = part.prompt.tokens;
    if (tokens.empty()) return;
    part.scored.push_back({.id = tokens[0]});
    if (tokens.size() == 1) return;
    std::vector<Token> rest(tokens.begin() + 1, tokens.end());
    Job job;
    job.prompt = {tokens[0]};
    job.config.max_new_tokens = static_cast<int>(rest.size());
    job.config.eos_token_id = std::vector<int>{};
    job.config.trace_top = std::max(1, request_.logprobs);
    job.strategy = score(std::move(rest));
    job.wishes = {.texts = false, .decisions = true};
    job.realm = request_.realm;
    job.bell = bell;
    part.scoring = model_->engine().submit(std::move(job));
  }

  // ---- reading

  static bool is_over(const Part& part) { return (!part.scoring || part.scoring.ended()) && part.writing.ended(); }

  // What the tickets say. Returns what ended one of them.
  std::optional<ApiError> read(Part& part) {
    if (part.scoring) {
      while (const auto event = part.scoring.next_if_any()) {
        if (const auto* decision = std::get_if<Decision>(&*event))
          part.scored.push_back(record_of(*decision, request_.logprobs));
      }
      if (!part.scoring.ended()) return overdue(part.scoring);
      if (const auto error = part.scoring.outcome().error) return api_error(error, !any_);
    }
    if (!part.scored.empty()) echo(part);
    while (const auto event = part.writing.next_if_any()) take(part, *event);
    if (!part.writing.ended()) return overdue(part.writing);
    if (const auto error = part.writing.outcome().error) return api_error(error, true);
    return std::nullopt;
  }

  // Too long in line, with nothing written yet.
  std::optional<ApiError> overdue(Ticket& ticket) const {
    if (any_ || since(begin_) < limits_.longest_wait || ticket.stats().rows > 0) return std::nullopt;
    return ApiError(503, fmt::format("nothing was free for {} s: try again later", limits_.longest_wait));
  }

  void echo(Part& part) {
    std::vector<Record> records = std::exchange(part.scored, {});
    for (Record& each : records) each.bytes = 0;
    for (int i = 0; i < request_.config.num_return_sequences; ++i) {
      Choice& choice = choices_[static_cast<std::size_t>(part.first + i)];
      choice.text = part.prompt.text;
      choice.records = records;
      if (request_.stream) chunk(choice, part.prompt.text);
    }
  }

  void take(Part& part, const Event& event) {
    if (!std::exchange(any_, true)) metrics_.first_token.add(since(begin_));
    if (const auto* decision = std::get_if<Decision>(&event)) {
      choice_of(part, decision->sequence).told.push_back(record_of(*decision, request_.logprobs));
    } else if (const auto* token = std::get_if<TokenEvent>(&event)) {
      Choice& choice = choice_of(part, token->sequence);
      const std::string_view bytes = bytes_of(*token);
      choice.written += bytes.size();
      if (!choice.told.empty()) {
        choice.held.push_back(std::move(choice.told.front()));
        choice.held.back().bytes = bytes.size();
        choice.told.pop_front();
      }
      const std::size_t before = choice.text.size();
      const std::string text = choice.stream.push(bytes);
      choice.show(text, choice.stream.held_bytes());
      if (request_.stream) chunk(choice, std::string_view(choice.text).substr(before));
    } else if (const auto* finished = std::get_if<FinishedEvent>(&event)) {
      Choice& choice = choice_of(part, finished->sequence);
      const std::string text = choice.stream.finish(finished->stop.cut);
      choice.text += text;
      choice.release_rest(choice.written - std::min(choice.written, finished->stop.cut));
      choice.finish = finished->stop.reason;
      if (request_.stream) chunk(choice, text);
    }
  }

  // The marks of calls and thoughts may be control tokens, which add nothing to a text but are to be read here.
  std::string_view bytes_of(const TokenEvent& event) const {
    if ((!notation_ && !thoughts_) || !event.bytes.empty()) return event.bytes;
    const std::string_view name = model_->file().vocab().piece(event.token);
    const bool is_thoughts = thoughts_ && (name == thoughts_->begin || name == thoughts_->end);
    return is_thoughts || (notation_ && is_mark(*notation_, name)) ? name : std::string_view();
  }

  Choice& choice_of(const Part& part, int sequence) {
    return choices_[static_cast<std::size_t>(part.first + sequence)];
  }

  void count() {
    for (Part& part : parts_) {
      const RunStats& stats = part.writing.outcome().stats;
      prompt_tokens_ += static_cast<int>(part.prompt.tokens.size());
      new_tokens_ += stats.new_tokens;
      for (const auto& each : stats.speculation.drafters) {
        drafted_ += each.drafted;
        kept_ += each.kept;
      }
    }
    metrics_.prompt_tokens += static_cast<std::uint64_t>(prompt_tokens_);
    metrics_.new_tokens += static_cast<std::uint64_t>(new_tokens_);
    metrics_.drafted += static_cast<std::uint64_t>(drafted_);
    metrics_.drafts_kept += static_cast<std::uint64_t>(kept_);
    metrics_.whole.add(since(begin_));
  }

  // ---- writing

  void begin(JsonWriter& json, bool is_chunk) const {
    json.begin_object().field("id", std::string_view(id_));
    json.field("object", chat_ ? is_chunk ? "chat.completion.chunk" : "chat.completion" : "text_completion");
    json.field("created", static_cast<std::int64_t>(created_)).field("model", std::string_view(model_->name()));
    json.field("system_fingerprint", "decant-" DECANT_VERSION);
  }

  void write_logprobs(JsonWriter& json, Choice& choice) const {
    json.key("logprobs");
    if (request_.logprobs < 0) {
      json.value(nullptr);
    } else if (chat_) {
      write_chat_logprobs(json, choice.records, model_->file().vocab());
    } else {
      write_text_logprobs(json, choice.records, choice.offset, model_->file().vocab());
    }
    choice.records.clear();
  }

  void write_usage(JsonWriter& json) const {
    json.key("usage").begin_object().field("prompt_tokens", prompt_tokens_).field("completion_tokens", new_tokens_);
    json.field("total_tokens", prompt_tokens_ + new_tokens_);
    if (drafted_ > 0) {
      json.key("completion_tokens_details").begin_object().field("accepted_prediction_tokens", kept_);
      json.field("rejected_prediction_tokens", drafted_ - kept_).end_object();
    }
    json.end_object();
  }

  void write_finish(JsonWriter& json, const Choice& choice) const {
    json.key("finish_reason");
    if (!choice.finish) {
      json.value(nullptr);
      return;
    }
    const bool calls = choice.calls && choice.calls->count() > 0 && *choice.finish != FinishReason::length;
    json.value(calls ? "tool_calls" : openai_reason(*choice.finish));
    json.field("finish_detail", to_string(*choice.finish));
  }

  // What of the text is said, thought aloud, and calls a tool; all of it, once it has its end.
  static CallReader::Found read_answer(Choice& choice, std::string_view text) {
    CallReader::Found found;
    const auto say = [&](std::string_view said) {
      if (!choice.calls) return void(found.text += said);
      found += choice.calls->push(said);
    };
    const auto divide = [&](const ThoughtReader::Found& part) {
      found.reasoning += part.reasoning;
      say(part.text);
    };
    choice.thoughts ? divide(choice.thoughts->push(text)) : say(text);
    if (!choice.finish) return found;
    if (choice.thoughts) divide(choice.thoughts->finish());
    if (choice.calls) found += choice.calls->finish();
    return found;
  }

  // The last of `count`.
  void write_calls(JsonWriter& json, const std::vector<ToolCall>& calls, int count) const {
    if (calls.empty()) return;
    int index = count - static_cast<int>(calls.size());
    json.key("tool_calls").begin_array();
    for (const ToolCall& each : calls) {
      json.begin_object();
      if (request_.stream) json.field("index", index++);
      json.field("id", std::string_view(each.id)).field("type", "function").key("function").begin_object();
      json.field("name", std::string_view(each.name)).field("arguments", std::string_view(each.arguments));
      json.end_object().end_object();
    }
    json.end_array();
  }

  void event(const std::string& json) { events_ += "data: " + json + "\n\n"; }

  // Of a text that goes on; its end, once it has one, is in the last of them.
  void chunk(Choice& choice, std::string_view text) {
    if (text.empty() && choice.records.empty() && !choice.finish) return;
    const CallReader::Found found = read_answer(choice, text);
    if (found.empty() && choice.records.empty() && !choice.finish) return;
    if (response_) {
      events_ += response_->more(found);
      return;
    }
    JsonWriter json;
    begin(json, true);
    json.key("choices").begin_array().begin_object().field("index", choice.index);
    if (chat_) {
      json.key("delta").begin_object();
      if (!std::exchange(choice.begun, true)) json.field("role", "assistant");
      if (!found.reasoning.empty()) json.field("reasoning_content", std::string_view(found.reasoning));
      if (!choice.is_read() || !found.text.empty()) json.field("content", std::string_view(found.text));
      write_calls(json, found.calls, choice.calls ? choice.calls->count() : 0);
      json.end_object();
    } else {
      json.field("text", text);
    }
    write_logprobs(json, choice);
    write_finish(json, choice);
    json.end_object().end_array();
    if (request_.include_usage) json.key("usage").value(nullptr);
    json.end_object();
    event(json.text());
  }

  void end_stream() {
    if (response_) {
      events_ += response_->end(usage_of_response(), to_string(end_of(choices_[0])), is_complete());
      return;
    }
    if (request_.include_usage) {
      JsonWriter json;
      begin(json, true);
      json.key("choices").begin_array().end_array();
      write_usage(json);
      json.field("seed", parts_[0].writing.seed()).end_object();
      event(json.text());
    }
    events_ += "data: [DONE]\n\n";
  }

  ResponsesUsage usage_of_response() { return {prompt_tokens_, new_tokens_, parts_[0].writing.seed()}; }
  static FinishReason end_of(const Choice& choice) { return choice.finish.value_or(FinishReason::length); }
  bool is_complete() const { return openai_reason(end_of(choices_[0])) == "stop"; }

  Piece all() {
    if (response_) {
      ended_ = true;
      Choice& choice = choices_[0];
      return {HttpHead{},
              response_->whole(read_answer(choice, choice.text), usage_of_response(), to_string(end_of(choice)),
                               is_complete()),
              true};
    }
    JsonWriter json;
    begin(json, false);
    json.key("choices").begin_array();
    for (const Part& part : parts_) {
      for (int i = 0; i < request_.config.num_return_sequences; ++i) {
        Choice& choice = choices_[static_cast<std::size_t>(part.first + i)];
        json.begin_object().field("index", choice.index);
        if (chat_) {
          json.key("message").begin_object().field("role", "assistant").key("content");
          const CallReader::Found found = read_answer(choice, choice.text);
          found.text.empty() && !found.calls.empty() ? json.value(nullptr) : json.value(std::string_view(found.text));
          if (!found.reasoning.empty()) json.field("reasoning_content", std::string_view(found.reasoning));
          json.key("refusal").value(nullptr);
          write_calls(json, found.calls, static_cast<int>(found.calls.size()));
          json.end_object();
        } else {
          json.field("text", std::string_view(choice.text));
        }
        write_logprobs(json, choice);
        write_finish(json, choice);
        json.end_object();
      }
    }
    json.end_array();
    write_usage(json);
    json.field("strategy", strategy_).field("seed", parts_[0].writing.seed()).end_object();
    ended_ = true;
    return {HttpHead{}, json.text(), true};
  }

  Piece fail(const ApiError& error) {
    ended_ = true;
    ++metrics_.failed;
    for (Part& part : parts_) part.writing.cancel();
    if (!head_sent_) {
      WholeResponse answer = answer_of(error);
      return {std::move(answer.head), std::move(answer.body), true};
    }
    if (response_) return {{}, std::exchange(events_, {}) + response_->fail(error), true};
    JsonWriter json;
    write_error(json, error);
    event(json.text());
    return {{}, std::exchange(events_, {}) + "data: [DONE]\n\n", true};
  }

  std::shared_ptr<ServedModel> model_;
  TextRequest request_;
  GenerationLimits limits_;
  Metrics& metrics_;
  bool chat_;
  std::string id_;
  std::time_t created_;
  Clock::time_point begin_ = Clock::now();
  std::string_view strategy_;
  std::optional<ResponsesAnswer> response_;  // where that is how it is told
  const ToolNotation* notation_ = nullptr;   // of calls of tools, if there may be any
  const ThoughtMarks* thoughts_ = nullptr;   // of what is thought aloud, if the template knows of it
  std::vector<Part> parts_;
  std::vector<Choice> choices_;
  std::string events_;
  std::int64_t drafted_ = 0, kept_ = 0;
  int prompt_tokens_ = 0, new_tokens_ = 0;
  bool any_ = false, head_sent_ = false, ended_ = false, cut_ = false;
};

}  // namespace

std::unique_ptr<Response> generate(const std::shared_ptr<ServedModel>& model, TextRequest request,
                                   const GenerationLimits& limits, Metrics& metrics, const Wake& wake) {
  return std::make_unique<Generation>(model, std::move(request), limits, metrics, wake);
}

}  // namespace decant
