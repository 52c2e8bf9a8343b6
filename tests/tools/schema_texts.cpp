// Writes a text for each JSON schema, with a real model.
//
//   schema_texts MODEL.gguf < SCHEMAS   {"name": ..., "schema": ...} a line; answers {"name", "text", "finished"} a line
//   schema_texts --check < SCHEMAS      a schema a line; answers why it cannot be followed, or an empty line
//
// All texts are sampled at once, by Runs of one scheduler. From a number of tokens on a text is hurried: of the tokens
// that the grammar allows, the one that comes nearest to closing something. The grammar alone decides what is allowed.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "grammar/json_schema.h"
#include "model/llama_grammar.h"
#include "model/llama_model.h"
#include "processors/grammar_constraint.h"
#include "run/scheduler.h"

namespace decant {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFree = 60, kMost = 1500;  // tokens
constexpr std::size_t kTogether = 64;    // texts

Token nearest_end(Scores& scores, const Vocab& vocab) {
  constexpr std::string_view closing = "}]\"0:,";
  Token best = -1;
  std::size_t best_rank = 0;
  scores.for_each([&](Token token, float) {
    const std::string_view bytes = vocab.bytes(token);
    const bool blank = bytes == " " || bytes == "\n" || bytes == "\t";
    const std::size_t rank = bytes.empty() ? 0 : bytes.size() > 1 ? 20 : blank ? 30 : std::min<std::size_t>(closing.find(bytes[0]), 10) + 1;
    if (best >= 0 && best_rank <= rank) return;
    best = token;
    best_rank = rank;
  });
  return best;
}

StrategyFunction follow(std::shared_ptr<const Grammar> start) {
  return [start](Run& run) -> Task<void> {
    const GrammarConstraint constraint("json_schema", start);
    StatePtr state = constraint.start();
    Node tip = run.prompt();
    for (int n = 0; !run.finished(0); ++n) {
      auto rows = co_await run.eval(tip);
      const Step step = run.process(0, tip, rows[0]);
      constraint(step.scores, Context{.state = state.get()});
      const Token token = n < kFree ? step.scores.draw(run.uniform(0, tip)) : nearest_end(step.scores, run.vocab());
      state = constraint.next(*state, token, 0);
      tip = run.emit(0, step, token);
    }
  };
}

void check() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      parse_gbnf(json_schema_to_gbnf(line));
      fmt::print("\n");
    } catch (const Error& error) {
      fmt::print("{}\n", error.what());
    }
  }
}

void write_texts(const char* path) {
  ModelOptions options;
  options.threads = 1;
  const auto file = std::make_shared<const LlamaFile>(path, options);
  LlamaModel model(file, options, 65536, kTogether);
  Scheduler scheduler({&model});
  std::vector<Json> schemas;
  for (std::string line; std::getline(std::cin, line);) schemas.push_back(Json::parse(line));
  for (std::size_t begin = 0; begin < schemas.size(); begin += kTogether) {
    const std::size_t end = std::min(schemas.size(), begin + kTogether);
    std::vector<std::unique_ptr<Run>> runs;
    for (std::size_t i = begin; i < end; ++i) {
      const std::string name = schemas[i]["name"];
      GenerationConfig config;
      config.do_sample = true;
      config.top_k = 0;
      config.seed = i;
      config.max_new_tokens = kMost;
      std::shared_ptr<const Grammar> start = model.vocab().grammar(model.vocab().gbnf_of_json_schema(schemas[i]["schema"].dump()));
      runs.push_back(scheduler.start({.config = config,
                                      .prompt = model.vocab().tokenize("An example of " + name + " in JSON:\n", false, true),
                                      .strategy = follow(std::move(start))}));
    }
    scheduler.run();
    for (std::size_t i = begin; i < end; ++i) {
      const Run& run = *runs[i - begin];
      run.rethrow();
      const Sequence& text = run.sequences()[0];
      const bool finished = text.finish == FinishReason::eos;
      fmt::print("{}\n", Json{{"name", schemas[i]["name"]}, {"text", text.bytes}, {"finished", finished}}.dump());
    }
  }
}

}  // namespace
}  // namespace decant

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw decant::Error(decant::ErrorKind::usage, "schema_texts MODEL.gguf | --check");
    argv[1] == std::string_view("--check") ? decant::check() : decant::write_texts(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "schema_texts: {}\n", error.what());
    return 1;
  }
}
