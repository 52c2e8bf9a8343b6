// exact_check [--prompts N] TEXT MODEL...: the contract of --exact at length, for each model file. TEXT is a text of
// any kind, from which prompts are cut. Says what was compared bit for bit, and fails when anything differed.
//
//   company   random branches that grow, are cut, dropped and copied
//   branches  1 to 64 of one prefix of up to 4,000 tokens, read in pieces of other sizes
//   drafts    N prompts x 128 tokens of greedy search, beside the same by drafts of 1 to 15 tokens
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <numeric>

#include "base/error.h"
#include "hub/hub.h"
#include "support/exactness.h"

namespace {

using namespace decant;
using namespace decant::test;

bool failed = false;

void say(const std::string& what, const Checked& checked) {
  fmt::print("  {:40} {:6} equal{}\n", what, checked.equal,
             checked.different.empty() ? "" : ", different: " + checked.different);
  std::fflush(stdout);
  failed |= !checked.different.empty();
}

void check_drafts(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, const Tokens& text,
                  std::size_t prompts) {
  std::mt19937 random(11);
  Crowd plain(file, options, 1, 512, 1), drafted(file, options, 2, 512, 1);
  Checked checked;
  for (std::size_t i = 0; i < prompts; ++i) {
    const std::size_t length = 5 + random() % 80, begin = random() % (text.size() - length);
    const Tokens prompt(text.begin() + static_cast<std::ptrdiff_t>(begin),
                        text.begin() + static_cast<std::ptrdiff_t>(begin + length));
    const Tokens expected = greedy(plain, prompt, 128);
    checked.note(greedy_by_drafts(drafted, prompt, expected, random) == expected, fmt::format("prompt {}", i));
  }
  say(fmt::format("drafts, {} prompts", prompts), checked);
}

void check(const std::string& path, const std::string& text, std::size_t prompts) {
  ModelOptions options;
  options.exact = true;
  const auto file = std::make_shared<const LlamaFile>(resolve_model(path), options);
  fmt::print("{}\n", file->name());
  for (const int threads : {1, 2})
    say(fmt::format("company, {} threads", threads),
        check_company(file, options, threads, 120, 17u + static_cast<unsigned>(threads)));
  std::vector<int> counts(64);
  std::iota(counts.begin(), counts.end(), 1);
  for (const std::size_t prefix : {16, 255, 600})
    say(fmt::format("branches of {} tokens", prefix), check_branches(file, options, 2, prefix, counts, 256));
  const int few[] = {1, 4, 8, 16, 64};
  say("branches of 2000 tokens", check_branches(file, options, 2, 2000, few, 320));
  say("branches of 4000 tokens", check_branches(file, options, 2, 4000, few, 300));
  if (prompts > 0) check_drafts(file, options, file->vocab().tokenize(text, false, false), prompts);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::size_t prompts = 200;
  if (words.size() > 2 && words[0] == "--prompts") {
    prompts = std::stoul(words[1]);
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.size() < 2) {
    fmt::print(stderr, "usage: exact_check [--prompts N] TEXT MODEL...\n");
    return static_cast<int>(ErrorKind::usage);
  }
  std::ifstream text_file(words[0]);
  const std::string text((std::istreambuf_iterator<char>(text_file)), {});
  try {
    for (std::size_t i = 1; i < words.size(); ++i) check(words[i], text, prompts);
  } catch (const Error& error) {
    fmt::print(stderr, "exact_check: {}\n", error.what());
    return error.exit_code();
  }
  return failed ? 1 : 0;
}
