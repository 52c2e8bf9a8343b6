// Tested by tests/cli/models_test.py.
#include "cli/model_view.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.h"

namespace decant {
namespace {

constexpr int kLabel = 16;    // columns
constexpr int kVerdict = 22;  // of the names of what can be done

// Three digits or more: "98.4 MB", "1234 kB" never.
std::string scaled(double number, std::initializer_list<std::string_view> units) {
  const auto* unit = units.begin();
  for (; number >= 999.5 && unit + 1 != units.end(); ++unit) number /= 1000;
  const int digits = number == std::floor(number) && unit == units.begin() ? 0
                     : number < 9.995                                      ? 2
                     : number < 99.95                                      ? 1
                                                                           : 0;
  return fmt::format("{:.{}f} {}", number, digits, *unit);
}

std::string size(std::uint64_t bytes) { return scaled(static_cast<double>(bytes), {"bytes", "kB", "MB", "GB", "TB"}); }

std::string amount(std::uint64_t count) {
  std::string text = scaled(static_cast<double>(count), {"", "thousand", "million", "billion", "trillion"});
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string plural(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// "a, b and c"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

std::uint64_t total(const std::vector<TypeShare>& types, std::uint64_t TypeShare::*what) {
  std::uint64_t sum = 0;
  for (const TypeShare& each : types) sum += each.*what;
  return sum;
}

class Text {
 public:
  Text(const Style& style, int width) : style_(style), width_(width) {}

  void title(std::string_view name) { text_ += style_.bold(wrap(harmless(name), width_)) + "\n"; }
  void heading(std::string_view name) { text_ += "\n" + style_.bold(name) + "\n"; }
  void row(std::string_view label, std::string_view content) { add(label, content, kLabel, false); }

  void verdict(const Verdict& each) {
    const std::string answer = each.why.empty() ? "yes" : "no: " + each.why;
    add("  " + each.name, answer + (each.note.empty() ? "" : ", " + each.note), kVerdict + 2, !each.why.empty());
  }

  std::string take() { return std::move(text_); }

 private:
  void add(std::string_view label, std::string_view content, int column, bool quiet) {
    const std::string lines = wrap(fit(label, column) + harmless(content), width_, column);
    const std::size_t begin = std::min(lines.size(), static_cast<std::size_t>(column));
    text_ += lines.substr(0, begin) + (quiet ? style_.quiet(lines.substr(begin)) : lines.substr(begin)) + "\n";
  }

  const Style& style_;
  int width_;
  std::string text_;
};

std::string architecture(const ModelView& view) {
  const int heads = view.info.n_next_heads;
  std::string text = fmt::format("{}, {}", view.info.architecture, plural(view.info.n_layer - heads, "layer"));
  if (heads > 0) text += fmt::format(" and {} for further tokens", plural(heads, "head"));
  if (!view.runs) return text;
  const Shape& shape = view.runs->facts.shape;
  text += fmt::format(", {} wide", shape.embedding);
  if (shape.heads > 0) text += fmt::format(", {}", plural(shape.heads, "head"));
  if (shape.kv_heads != shape.heads) text += fmt::format(" ({} of keys and values)", shape.kv_heads);
  if (shape.experts > 0) text += fmt::format(", {} experts, {} for a token", shape.experts, shape.experts_used);
  return text;
}

std::string size_of(const GgufInfo& info) {
  const std::uint64_t all = total(info.types, &TypeShare::bytes);
  std::vector<std::string> shares;
  for (const TypeShare& each : info.types) {
    const double percent = 100 * static_cast<double>(each.bytes) / static_cast<double>(std::max<std::uint64_t>(all, 1));
    shares.push_back(percent < 0.05 ? "a little " + each.type : fmt::format("{:.1f}% {}", percent, each.type));
  }
  if (shares.size() == 1) shares = {"all " + info.types[0].type};
  std::string text = fmt::format("{} parameters in {}", amount(total(info.types, &TypeShare::parameters)), size(all));
  if (info.n_splits > 1) text += fmt::format(", {} files", info.n_splits);
  return fmt::format("{}: {}", text, fmt::join(shares, ", "));
}

std::string name_of(const TokenName& token) { return fmt::format("{} ({})", token.piece, token.id); }

std::string names_of(const std::vector<TokenName>& tokens) {
  std::vector<std::string> names;
  for (const TokenName& each : tokens) names.push_back(name_of(each));
  return listed(names);
}

std::string vocabulary(const ModelView& view) {
  const VocabularyView& vocabulary = view.runs->vocabulary;
  std::string text = fmt::format("{} tokens, {}", vocabulary.tokens, vocabulary.kind);
  if (!view.info.pre_tokenizer.empty()) text += fmt::format(" ({})", view.info.pre_tokenizer);
  text += vocabulary.adds_bos && vocabulary.bos ? fmt::format("; {} is put before a text", name_of(*vocabulary.bos))
                                                : "; nothing is put before a text";
  if (vocabulary.eos.empty()) {
    text += "; no token ends it";
  } else {
    text += fmt::format("; {} {} it", names_of(vocabulary.eos), vocabulary.eos.size() == 1 ? "ends" : "end");
  }
  if (!vocabulary.end_of_turn.empty()) text += fmt::format(", of a chat also {}", names_of(vocabulary.end_of_turn));
  return text;
}

std::string chat_template(const std::optional<TemplateView>& view) {
  if (!view) return "none: prompts are continued as they are";
  std::string text = view->family.empty() ? "of no known family" : view->family;
  text += fmt::format(", {}", plural(view->bytes, "byte"));
  text += view->why_not.empty() ? "" : "; " + view->why_not;
  if (view->why_not.empty())
    text += view->why_no_system.empty() ? "; takes a system message" : "; takes no system message";
  if (view->thinking || view->tools)
    text += fmt::format("; speaks of {}", !view->tools ? "thinking" : !view->thinking ? "tools" : "thinking and tools");
  return text;
}

std::string context(const RunView& runs) {
  std::string text = fmt::format("{} tokens trained, a cache of {} by default", runs.trained_context,
                                 runs.facts.memory.default_context);
  if (runs.facts.shape.window > 0)
    text += fmt::format("; layers with a sliding window see {} tokens", runs.facts.shape.window);
  const int rewind = runs.facts.model.rewind;
  if (rewind == kRewindAll) return text;
  return text + (rewind > 0
                     ? fmt::format("; {} can be taken back, of more the text is read again", plural(rewind, "token"))
                     : "; no token can be taken back: the text is read again");
}

std::string who_computes(const KernelFacts& facts) {
  if (!facts.device.empty()) return fmt::format("{} computes", facts.device);
  std::vector<std::string> our_types, ggml_types, left;
  for (const TypeProducts& each : facts.products) {
    if (each.ours > 0) our_types.push_back(each.type);
    if (each.ggml > 0) ggml_types.push_back((each.ours > 0 ? "other " : "") + each.type);
  }
  for (const std::string& each : facts.left) {
    if (!each.ends_with(" weights")) left.push_back(each);
  }
  const auto with_weights = [](const std::vector<std::string>& types, std::vector<std::string> others) {
    if (!types.empty()) others.insert(others.begin(), listed(types) + " weights");
    return fmt::format("{}", fmt::join(others, ", "));
  };
  const std::string ours =
      with_weights(our_types, facts.attention ? std::vector<std::string>{"attention"} : std::vector<std::string>());
  const std::string ggml = with_weights(ggml_types, left);
  std::string text;
  if (!ours.empty()) text = fmt::format("ours ({}) for {}", kernels::isa_name(*facts.isa), ours);
  if (!ggml.empty()) text += fmt::format("{}ggml's for {}", text.empty() ? "" : "; ", ggml);
  return text;
}

void memory(Text& text, const RunView& runs) {
  const MemoryFacts& facts = runs.facts.memory;
  std::string first = fmt::format("{} of weights, {} of buffers", size(facts.weights), size(facts.compute));
  if (facts.cache_per_token > 0) first += fmt::format(", {} of cache a token", size(facts.cache_per_token));
  if (facts.state_per_text > 0) {
    const char* what = runs.facts.shape.window > 0 ? "windows" : "state";
    first += fmt::format(", {} of {} a text", size(facts.state_per_text), what);
  }
  text.row("memory", first);
  const auto with = [&](int tokens, std::uint64_t cache, std::string_view which) {
    text.row("", fmt::format("{} tokens ({}): {} of cache, {} in all", tokens, which, size(cache),
                             size(facts.weights + facts.compute + cache)));
  };
  with(facts.default_context, facts.default_cache, "by default");
  if (runs.trained_context != facts.default_context) with(runs.trained_context, facts.trained_cache, "trained");
}

// ---- JSON

void write_tokens(JsonWriter& json, std::string_view key, const std::vector<TokenName>& tokens) {
  json.key(key).begin_array();
  for (const TokenName& each : tokens) json.begin_object().field("id", each.id).field("piece", each.piece).end_object();
  json.end_array();
}

void write_why(JsonWriter& json, std::string_view key, const std::string& why) {
  json.key(key);
  why.empty() ? json.value(nullptr) : json.value(why);
}

void write_verdict(JsonWriter& json, const Verdict& verdict) {
  json.begin_object().field("name", verdict.name).field("works", verdict.why.empty());
  write_why(json, "why", verdict.why);
  json.end_object();
}

void write_verdicts(JsonWriter& json, std::string_view key, const std::vector<Verdict>& verdicts) {
  json.key(key).begin_array();
  for (const Verdict& each : verdicts) write_verdict(json, each);
  json.end_array();
}

void write_size(JsonWriter& json, const GgufInfo& info) {
  json.key("size").begin_object().field("parameters", total(info.types, &TypeShare::parameters));
  json.field("bytes", total(info.types, &TypeShare::bytes)).field("files", info.n_splits);
  json.key("types").begin_array();
  for (const TypeShare& each : info.types) {
    json.begin_object().field("type", each.type).field("tensors", each.tensors);
    json.field("parameters", each.parameters).field("bytes", each.bytes).end_object();
  }
  json.end_array().end_object();
}

void write_vocabulary(JsonWriter& json, const ModelView& view) {
  const VocabularyView& vocabulary = view.runs->vocabulary;
  json.key("vocabulary").begin_object().field("kind", vocabulary.kind).field("tokenizer", view.info.tokenizer);
  json.field("pre_tokenizer", view.info.pre_tokenizer).field("tokens", vocabulary.tokens).key("bos");
  if (vocabulary.bos) {
    json.begin_object().field("id", vocabulary.bos->id).field("piece", vocabulary.bos->piece).end_object();
  } else {
    json.value(nullptr);
  }
  json.field("adds_bos", vocabulary.adds_bos);
  write_tokens(json, "eos", vocabulary.eos);
  write_tokens(json, "end_of_turn", vocabulary.end_of_turn);
  json.end_object();
}

void write_template(JsonWriter& json, const std::optional<TemplateView>& view) {
  json.key("chat_template");
  if (!view) {
    json.value(nullptr);
    return;
  }
  json.begin_object();
  write_why(json, "family", view->family);
  json.field("first_line", view->first_line).field("bytes", view->bytes);
  write_why(json, "why_not", view->why_not);
  write_why(json, "why_no_system", view->why_no_system);
  json.field("thinking", view->thinking).field("tools", view->tools).end_object();
}

void write_kernels(JsonWriter& json, const KernelFacts& facts) {
  json.key("kernels").begin_object().field("description", facts.description);
  write_why(json, "device", facts.device);
  write_why(json, "isa", facts.isa ? std::string(kernels::isa_word(*facts.isa)) : "");
  json.key("products").begin_array();
  for (const TypeProducts& each : facts.products) {
    json.begin_object().field("type", each.type).field("ours_bytes", each.ours).field("ggml_bytes", each.ggml);
    json.end_object();
  }
  json.end_array().field("attention", facts.attention ? "ours" : "ggml").key("left_to_ggml").begin_array();
  for (const std::string& each : facts.left) json.value(each);
  json.end_array().end_object();
}

void write_memory(JsonWriter& json, const RunView& runs) {
  const MemoryFacts& facts = runs.facts.memory;
  json.key("memory").begin_object().field("weights", facts.weights).field("compute", facts.compute);
  json.field("cache_per_token", facts.cache_per_token).field("state_per_text", facts.state_per_text);
  json.field("default_cache", facts.default_cache).field("trained_cache", facts.trained_cache).end_object();
}

void write_run(JsonWriter& json, const ModelView& view) {
  const RunView& runs = *view.runs;
  const Shape& shape = runs.facts.shape;
  json.field("embedding", shape.embedding).field("heads", shape.heads).field("kv_heads", shape.kv_heads);
  json.field("experts", shape.experts).field("experts_used", shape.experts_used);
  write_vocabulary(json, view);
  write_template(json, runs.chat_template);
  json.key("context").begin_object().field("trained", runs.trained_context);
  json.field("default", runs.facts.memory.default_context).field("window", shape.window).key("rewind");
  runs.facts.model.rewind == kRewindAll ? json.value(nullptr) : json.value(runs.facts.model.rewind);
  json.end_object();
  write_verdicts(json, "strategies", runs.strategies);
  write_verdicts(json, "drafters", runs.drafters);
  json.key("lower_layers");
  write_verdict(json, runs.lower_layers);
  write_kernels(json, runs.facts.kernels);
  json.key("exact");
  write_verdict(json, {.name = "exact", .why = runs.facts.why_not_exact});
  write_memory(json, runs);
}

}  // namespace

std::string model_text(const ModelView& view, const Style& style, int width) {
  Text text(style, width);
  text.title(view.name);
  text.row("file", view.file);
  text.row("architecture", architecture(view));
  text.row("size", size_of(view.info));
  if (!view.runs) {
    if (view.info.n_context > 0) text.row("context", fmt::format("{} tokens trained", view.info.n_context));
    text.row("chat template", view.info.has_chat_template ? "yes" : "none");
    text.row("runs", "no: " + view.refusal);
    return text.take();
  }
  const RunView& runs = *view.runs;
  text.row("vocabulary", vocabulary(view));
  text.row("chat template", chat_template(runs.chat_template));
  if (runs.chat_template) text.row("", runs.chat_template->first_line);
  text.row("context", context(runs));
  memory(text, runs);
  text.row("kernels", who_computes(runs.facts.kernels));
  text.row("runs with", runs.facts.kernels.description);
  text.row("exact", runs.facts.why_not_exact.empty() ? "yes" : "no: " + runs.facts.why_not_exact);
  text.heading("strategies");
  for (const Verdict& each : runs.strategies) text.verdict(each);
  text.heading("drafters");
  for (const Verdict& each : runs.drafters) text.verdict(each);
  return text.take();
}

std::string model_json(const ModelView& view) {
  JsonWriter json;
  json.begin_object().field("file", view.file).field("name", view.name);
  json.field("architecture", view.info.architecture);
  write_why(json, "refusal", view.refusal);
  write_size(json, view.info);
  json.field("layers", view.info.n_layer - view.info.n_next_heads).field("next_heads", view.info.n_next_heads);
  if (view.runs) write_run(json, view);
  return json.end_object().text() + "\n";
}

}  // namespace decant
