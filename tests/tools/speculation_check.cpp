// speculation_check [--prompts N] [--plant] TEXT MODEL...: with any drafter the ids are those without, at length. TEXT
// is a text of any kind, from which N prompts are cut; each is written on, 128 tokens, greedily and drawn, without a
// drafter and then with all of them at once, in one another's company. Says how many texts were equal, and fails when
// one was not. --plant: what is compared has another seed, so that it has to fail.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <random>

#include "base/error.h"
#include "hub/hub.h"
#include "support/speculator.h"

namespace {

using namespace decant;
using namespace decant::test;

const Pairs drafters[] = {
    {{"prompt_lookup_num_tokens", "10"}},
    {{"drafter", "suffix"}, {"num_assistant_tokens_schedule", "constant"}},
    {{"assistant_model", "self:q4_0"}, {"num_assistant_tokens_schedule", "constant"}},
    {{"assistant_early_exit", "20"}, {"num_assistant_tokens_schedule", "constant"}},
    {{"speculate", "auto"}, {"assistant_model", "self:q4_0"}},
};

const Pairs ways[] = {
    {},
    {{"temperature", "0.7"}, {"top_k", "50"}, {"top_p", "0.9"}},
    {{"do_sample", "true"}, {"repetition_penalty", "1.2"}},
    {{"mirostat", "2"}},
    {{"do_sample", "true"}, {"grammar", "root ::= [a-zA-Z ,.\n]*"}},
};

Pairs joined(Pairs a, const Pairs& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Whether all were equal.
bool check(const std::string& path, const std::string& text, std::size_t prompts, bool plant) {
  ModelOptions options;
  options.exact = true;
  const auto file = std::make_shared<const LlamaFile>(resolve_model(path), options);
  Speculator speculator(file, options);
  const std::vector<Token> all = speculator.vocab().tokenize(text, false, false);
  std::mt19937 random(11);
  int equal = 0, different = 0;
  std::int64_t kept = 0;
  for (std::size_t i = 0; i < prompts; ++i) {
    const std::size_t length = 5 + random() % 80, begin = random() % (all.size() - length);
    const std::vector<Token> prompt(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                    all.begin() + static_cast<std::ptrdiff_t>(begin + length));
    const Pairs common = {{"max_new_tokens", "128"}, {"seed", std::to_string(i)}};
    const Pairs way = joined(ways[i % std::size(ways)], common);
    std::vector<Pairs> drafted;
    for (const Pairs& drafter : drafters) drafted.push_back(joined(way, drafter));
    std::int64_t none = 0;
    const auto plain = speculator.write(prompt, {plant ? joined(way, {{"seed", "1000"}}) : way}, none);
    const auto found = speculator.write(prompt, drafted, kept);
    for (std::size_t j = 0; j < found.size(); ++j) {
      const bool same = found[j] == plain[0];
      ++(same ? equal : different);
      if (!same) fmt::print("  prompt {}, {}: different\n", i, drafters[j][0].first);
    }
    std::fflush(stdout);
  }
  fmt::print("{}: {} texts of {} prompts equal, {} different, {} guesses kept\n", file->name(), equal, prompts,
             different, kept);
  return different == 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::size_t prompts = 200;
  if (words.size() > 2 && words[0] == "--prompts") {
    prompts = std::stoul(words[1]);
    words.erase(words.begin(), words.begin() + 2);
  }
  const bool plant = !words.empty() && words[0] == "--plant";
  if (plant) words.erase(words.begin());
  if (words.size() < 2) {
    fmt::print(stderr, "usage: speculation_check [--prompts N] [--plant] TEXT MODEL...\n");
    return static_cast<int>(ErrorKind::usage);
  }
  std::ifstream text_file(words[0]);
  const std::string text((std::istreambuf_iterator<char>(text_file)), {});
  bool all_equal = true;
  try {
    for (std::size_t i = 1; i < words.size(); ++i) all_equal &= check(words[i], text, prompts, plant);
  } catch (const Error& error) {
    fmt::print(stderr, "speculation_check: {}\n", error.what());
    return error.exit_code();
  }
  return all_equal ? 0 : 1;
}
