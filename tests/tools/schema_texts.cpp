// Writes a text for each JSON schema, with a real model.
//
//   schema_texts MODEL.gguf < SCHEMAS
//       {"name": ..., "schema": ...} a line; answers {"name", "text", "finished"} a line
//   schema_texts --beams MODEL.gguf < SCHEMAS
//       the same by beam search and by greedy decoding: {"name", "beams": [TEXT, ...], "greedy": TEXT}, the beams in
//       the order of the answers. TEXT: {"text", "finished", "ids", "sum", "score", "forced"}; what the search adds up,
//       the log-probability of the ids as they were found, and that of the ids when they are given to the model as a
//       text to follow, without a constraint
//   schema_texts --check < SCHEMAS
//       a schema a line; answers why it cannot be followed, or an empty line
//   schema_texts --accepts < QUESTIONS
//       {"schema": ..., "texts": [...]} a line; answers {"refused": why}, or {"accepted": [is it a text of it, ...]}
//
// The texts are sampled together, by Runs of one scheduler, with the schema as their option json_schema. From a number
// of tokens on a text is hurried: of the tokens that are allowed, the one that comes nearest to closing something.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "grammar/text_check.h"
#include "llama/llama_grammar.h"
#include "llama/llama_model.h"
#include "run/scheduler.h"
#include "schema/json_schema.h"
#include "strategies/resolve.h"
#include "strategies/score.h"

namespace decant {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFree = 40, kMost = 300;  // tokens
constexpr std::size_t kTogether = 64;   // texts

bool inside_string(std::string_view json) {
  bool inside = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') inside = !inside;
    if (json[i] == '\\') ++i;
  }
  return inside;
}

// The allowed token that comes nearest to closing what is open; inside a string that cannot be closed yet, any.
Token nearest_end(Scores& scores, const Run& run, double u) {
  const bool inside = inside_string(run.sequences()[0].bytes);
  const std::string_view closing = inside ? "\"" : "}]\"0:,";
  Token best = -1;
  std::size_t best_rank = closing.size();
  std::vector<Token> others;
  scores.for_each([&](Token token, float) {
    const std::string_view bytes = run.vocab().bytes(token);
    const bool blank = bytes == " " || bytes == "\n" || bytes == "\t";
    const std::size_t rank = bytes.empty() ? 0 : bytes.size() > 1 ? closing.npos : closing.find(bytes[0]);
    if (bytes.empty() || rank < best_rank) {
      best = token;
      best_rank = rank;
    }
    if (bytes.size() == 1 && !blank) others.push_back(token);
  });
  if (best < 0 && !others.empty()) best = others[static_cast<std::size_t>(u * static_cast<double>(others.size()))];
  return best < 0 ? scores.argmax() : best;
}

Task<void> write(Run& run) {
  Node tip = run.prompt();
  for (int n = 0; !run.finished(0); ++n) {
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    tip = run.emit(0, step,
                   n < kFree ? step.scores.race(1, run.noise(0, tip)).front().id
                             : nearest_end(step.scores, run, run.uniform(0, tip, Stream::residual)));
  }
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
      config.json_schema = schemas[i]["schema"].dump();
      const std::string prompt = "An example of " + name + " in JSON:\n";
      runs.push_back(start(scheduler, {.config = config,
                                       .prompt = model.vocab().tokenize(prompt, false, true),
                                       .strategy = write,
                                       .does = facts_of(resolve_strategy(config), config)}));
    }
    scheduler.run();
    for (std::size_t i = begin; i < end; ++i) {
      const Run& run = *runs[i - begin];
      run.rethrow();
      const Sequence& text = run.sequences()[0];
      const bool finished = text.finish == FinishReason::stop;
      const Json answer = {{"name", schemas[i]["name"]}, {"text", text.bytes}, {"finished", finished}};
      fmt::print("{}\n", answer.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }
}

void accepts() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json question = Json::parse(line);
    Json answer;
    try {
      const GrammarRules rules = parse_gbnf(json_schema_to_gbnf(question["schema"].dump()));
      answer["accepted"] = Json::array();
      for (const Json& text : question["texts"])
        answer["accepted"].push_back(!check_text(rules, text.get<std::string>()));
    } catch (const Error& error) {
      answer = {{"refused", error.what()}};
    }
    fmt::print("{}\n", answer.dump());
  }
}

std::unique_ptr<Run> start_one(Scheduler& scheduler, const GenerationConfig& config, const std::vector<Token>& prompt,
                               StrategyFunction strategy) {
  return start(scheduler, {.config = config,
                           .prompt = prompt,
                           .strategy = std::move(strategy),
                           .does = facts_of(resolve_strategy(config), config)});
}

struct Search {  // of one schema
  std::string name;
  std::vector<Token> prompt;
  std::unique_ptr<Run> beams, greedy;
};

Search start_search(Scheduler& scheduler, const Vocab& vocab, const Json& schema) {
  Search search{.name = schema["name"], .prompt = {}, .beams = nullptr, .greedy = nullptr};
  search.prompt = vocab.tokenize("An example of " + search.name + " in JSON:\n", false, true);
  GenerationConfig config;
  config.max_new_tokens = kMost;
  config.json_schema = schema["schema"].dump();
  search.greedy = start_one(scheduler, config, search.prompt, strategy("greedy").run);
  config.num_beams = config.num_return_sequences = 4;
  config.length_penalty = 0;
  config.early_stopping = "never";
  search.beams = start_one(scheduler, config, search.prompt, strategy("beam").run);
  return search;
}

// The texts of a Run with what they are worth: the log-probability of all their tokens, as found and as forced.
Json texts_of(Scheduler& scheduler, const Search& search, const Run& run) {
  run.rethrow();
  std::vector<std::unique_ptr<Run>> forced;
  for (const Sequence& each : run.sequences()) {
    forced.push_back(start_one(scheduler, {}, search.prompt, score(each.ids)));
  }
  scheduler.run();
  Json texts = Json::array();
  for (std::size_t i = 0; i < forced.size(); ++i) {
    forced[i]->rethrow();
    const Sequence &found = run.sequences()[i], &again = forced[i]->sequences()[0];
    texts.push_back({{"text", found.bytes},
                     {"finished", found.finish == FinishReason::stop},
                     {"ids", found.ids},
                     {"sum", found.beam ? found.beam->sum : found.score},
                     {"score", found.score},
                     {"forced", again.score}});
  }
  return texts;
}

void search_texts(const char* path) {
  ModelOptions options;
  options.threads = 1;
  LlamaModel model(std::make_shared<const LlamaFile>(path, options), options, 16384, 256);
  Scheduler scheduler({&model});
  std::vector<Search> searches;
  for (std::string line; std::getline(std::cin, line);) {
    searches.push_back(start_search(scheduler, model.vocab(), Json::parse(line)));
    if (searches.size() % 16 == 0) scheduler.run();
  }
  scheduler.run();
  for (const Search& each : searches) {
    const Json answer = {{"name", each.name},
                         {"beams", texts_of(scheduler, each, *each.beams)},
                         {"greedy", texts_of(scheduler, each, *each.greedy)[0]}};
    fmt::print("{}\n", answer.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

int run(const std::vector<std::string_view>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--beams") {
    search_texts(arguments[1].data());
  } else if (arguments.size() == 1) {
    arguments[0] == "--check" ? check() : arguments[0] == "--accepts" ? accepts() : write_texts(arguments[0].data());
  } else {
    throw Error(ErrorKind::usage, "schema_texts [--beams] MODEL.gguf | --check | --accepts");
  }
  return 0;
}

}  // namespace
}  // namespace decant

int main(int argc, char** argv) {
  try {
    return decant::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "schema_texts: {}\n", error.what());
    return 1;
  }
}
