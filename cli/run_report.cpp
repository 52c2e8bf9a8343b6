#include "cli/run_report.h"

#include <sys/resource.h>

#include "base/utf8.h"
#include "cli/session.h"
#include "cli/speculation_report.h"
#include "drafters/drafter.h"
#include "options/table.h"

namespace decant {
namespace {

std::string text_of(const std::vector<Token>& tokens, const Vocab& vocab) {
  std::string text;
  for (const Token token : tokens) text += vocab.bytes(token);
  return text;
}

template <class Element>
void write_list(JsonWriter& json, std::string_view name, const std::vector<Element>& list) {
  json.key(name).begin_array();
  for (const Element& element : list) json.value(element);
  json.end_array();
}

void write_tokens(JsonWriter& json, std::string_view name, const std::vector<Token>& tokens, const Vocab& vocab) {
  json.key(name).begin_array();
  for (const Token token : tokens) {
    json.begin_object();
    write_token(json, token, vocab);
    json.end_object();
  }
  json.end_array();
}

double per_second(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

}  // namespace

RunInfo run_info(const Session& session, const GenerationConfig& config, std::string_view strategy) {
  const Prompt prompt = session.prompt_for(config);
  return {session.model().info().name,
          std::string(strategy),
          config,
          prompt.tokens,
          prompt.text,
          session.load_seconds(),
          {},
          prompt.healed};
}

TextStream text_stream(const RunInfo& info, const Vocab& vocab) {
  const GenerationConfig& config = info.config;
  return TextStream(config.include_stop_str_in_output ? std::vector<std::string>{} : config.stop_strings,
                    text_of(info.prompt, vocab) + info.healed);
}

TextPrinter::TextPrinter(Output& output, const Vocab& vocab, const RunInfo& info, bool wraps)
    : output_(output),
      vocab_(vocab),
      stream_(text_stream(info, vocab)),
      wraps_(wraps && can_redraw(StandardStream::output)) {}

void TextPrinter::print(const std::string& text) {
  if (text.empty()) return;
  last_ = text.back();
  if (!wraps_) return output_.write(text);
  output_.write_styled(wrap_.push(without_controls(text), terminal_size(StandardStream::output).columns));
}

void TextPrinter::token(int sequence, Token, std::string_view bytes) {
  if (sequence == 0) print(stream_.push(bytes));
}

void TextPrinter::finished(int sequence, Stop stop) {
  if (sequence == 0) print(stream_.finish(stop.cut));
}

void TextPrinter::end() {
  print(stream_.finish());
  if (last_ != '\n') output_.write("\n");
}

TraceWriter::TraceWriter(TraceSink sink, const Vocab& vocab, RunInfo info)
    : sink_(std::move(sink)), vocab_(vocab), info_(std::move(info)) {}

template <class Write>
void TraceWriter::write_line(Write write_fields) {
  json_.clear();
  json_.begin_object();
  if (first_) {
    json_.key("run").begin_object();
    write_header(json_, info_);
    if (info_.config.penalty_alpha || !drafters_of(info_.config).empty())
      write_tokens(json_, "prompt_tokens", info_.prompt, vocab_);
    json_.end_object();
    first_ = false;
  }
  write_fields();
  json_.end_object();
  json_.end_line();
  sink_(json_.text());
}

void TraceWriter::decision(const Decision& decision) {
  write_line([&] { write_fields(json_, decision, vocab_); });
}

void TraceWriter::search(const SearchStep& step) {
  write_line([&] { write_fields(json_, step, vocab_); });
}

void TraceWriter::search_ended(std::span<const SearchEnd> ends) {
  write_line([&] { write_fields(json_, ends); });
}

void write_header(JsonWriter& json, const RunInfo& info) {
  if (!info.label.empty()) json.field("label", info.label);
  json.field("model", info.model).field("strategy", info.strategy).key("options");
  write_json(json, generation_fields(), info.config);
  write_list(json, "prompt_ids", info.prompt);
  json.field("prompt_text", info.prompt_text);
}

std::string all_text(const Outcome& outcome) {
  const auto& sequences = outcome.sequences;
  std::string all;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences.size() > 1) all += fmt::format("--- {} of {} ---\n", i + 1, sequences.size());
    all += as_utf8(sequences[i].bytes);
    if (!all.empty() && !all.ends_with('\n')) all += '\n';
  }
  return all;
}

std::string run_json(const Outcome& outcome, const RunInfo& info) {
  JsonWriter json;
  json.begin_object();
  write_header(json, info);
  json.key("sequences").begin_array();
  for (const Sequence& sequence : outcome.sequences) {
    json.begin_object();
    write_list(json, "ids", sequence.ids);
    json.field("text", std::string_view(sequence.bytes));
    json.field("finish_reason", to_string(sequence.finish)).field("score", sequence.score);
    if (!sequence.dead_end.empty()) json.field("dead_end", std::string_view(sequence.dead_end));
    if (sequence.beam) {
      json.field("beam_score", sequence.beam->sum).field("normalized_score", sequence.beam->normalized);
      if (!info.config.force_words.empty()) write_list(json, "unmet", sequence.beam->unmet);
    }
    json.end_object();
  }
  json.end_array();
  const RunStats& stats = outcome.stats;
  json.key("stats").begin_object();
  json.field("load_s", info.load_s).field("prompt_tokens", stats.prompt_tokens).field("prefill_s", stats.prefill_s);
  json.field("decode_s", stats.decode_s).field("new_tokens", stats.new_tokens);
  json.field("evals", stats.evals).field("rows", stats.rows);
  if (!stats.speculation.drafters.empty()) write_speculation(json.key("speculation"), stats.speculation);
  json.end_object().end_object();
  return json.text() + "\n";
}

std::string run_stats(const Outcome& outcome, const RunInfo& info, const std::string& model_description) {
  const RunStats& stats = outcome.stats;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return fmt::format(
      "model     {}: {}\n"
      "strategy  {}, seed {}\n"
      "load      {:.3f} s\n"
      "prompt    {} tokens in {:.3f} s, {:.1f} a second\n"
      "text      {} tokens in {:.3f} s, {:.1f} a second\n"
      "work      {} evaluations, {} rows\n"
      "{}"
      "memory    {:.0f} MB at most\n",
      info.model, model_description, info.strategy, *info.config.seed, info.load_s, stats.prompt_tokens,
      stats.prefill_s, per_second(stats.prompt_tokens, stats.prefill_s), stats.new_tokens, stats.decode_s,
      per_second(stats.new_tokens, stats.decode_s), stats.evals, stats.rows, speculation_lines(stats.speculation),
      static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace decant
