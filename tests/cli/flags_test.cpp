#include "cli/flags.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>

#include "options/generation_config.h"
#include "options/model_options.h"
#include "options/usage_error.h"

namespace decant {
namespace {

// A command as `decant run` has it: both tables, and some options of its own.
struct Command {
  Flags flags{"decant run", "", "Example: decant run -n 40 --temp 0.8 \"The lighthouse keeper wrote\""};
  GenerationConfig config;
  ModelOptions model;
  std::optional<std::string> prompt;
  std::string file;
  int columns = 0;
  bool quiet = false;

  Command() {
    flags.own("prompt", prompt, "the text to continue").type("TEXT");
    flags.own("-f,--file", file, "a file with the prompt").type("FILE");
    flags.own("--columns", columns, "wraps the text");
    flags.own("-q,--quiet", quiet, "only the text");
    flags.add(generation_fields(), config);
    flags.add(model_fields(), model);
  }

  void read(const std::vector<std::string>& arguments) { EXPECT_TRUE(flags.parse(arguments)); }

  std::string error(const std::vector<std::string>& arguments) {
    return usage_error([&] { flags.parse(arguments); });
  }
};

TEST(Flags, EveryFieldIsAFlagUnderAllItsNames) {
  const auto check = [](auto rows, auto member) {
    for (const auto& field : rows) {
      std::vector<std::string> names = {dashed(field.name), "--" + std::string(field.name)};
      for (const std::string_view alias : aliases(field)) names.emplace_back(alias);
      const std::string text = is_boolean(default_of(field)) ? "true"
                               : !field.range.words.empty()  ? std::string(field.range.words[0])
                               : field.range.high < 1        ? "0.5"
                                                             : "1";
      for (const std::string& name : names) {
        SCOPED_TRACE(name);
        Command command;
        EXPECT_TRUE(command.flags.parse({name, text}));
        EXPECT_TRUE(is_given(command.*member, field));
        EXPECT_EQ(to_text(value_of(command.*member, field)), text);
      }
    }
  };
  check(generation_fields(), &Command::config);
  check(model_fields(), &Command::model);
}

TEST(Flags, ReadsATypicalLine) {
  Command c;
  c.read({"-n", "40", "--temp=0.8", "--top_k", "20", "-m", "a.gguf", "-q", "Once upon", "-s", "7"});
  EXPECT_EQ(c.config.max_new_tokens, 40);
  EXPECT_EQ(c.config.temperature, 0.8);
  EXPECT_EQ(c.config.top_k, 20);
  EXPECT_EQ(c.config.seed, 7u);
  EXPECT_EQ(c.config.given.count(), 4u);
  EXPECT_EQ(c.model.model, "a.gguf");
  EXPECT_EQ(c.prompt, "Once upon");
  EXPECT_TRUE(c.quiet);
}

TEST(Flags, NothingGivenChangesNothing) {
  Command c;
  c.read({"text"});
  EXPECT_TRUE(c.config.given.none());
  EXPECT_TRUE(c.model.given.none());
}

TEST(Flags, TheLastOfRepeatedValuesCountsAndListsGrow) {
  Command c;
  c.read({"-n", "1", "--stop", "a", "--max-new-tokens", "2", "--stop_strings", "b,c", "--stop-token-ids", "1,2",
          "--stop-token-ids", "3"});
  EXPECT_EQ(c.config.max_new_tokens, 2);
  EXPECT_EQ(c.config.stop_strings, (std::vector<std::string>{"a", "b,c"}));
  EXPECT_EQ(c.config.stop_token_ids, (std::vector<int>{1, 2, 3}));
}

TEST(Flags, SwitchesMayStandAlone) {
  Command c;
  c.read({"--do-sample", "Hello"});
  EXPECT_EQ(c.config.do_sample, true);
  EXPECT_EQ(c.prompt, "Hello");
  Command d;
  d.read({"--do-sample", "false", "Hello", "--ignore-eos"});
  EXPECT_EQ(d.config.do_sample, false);
  EXPECT_EQ(d.prompt, "Hello");
  EXPECT_TRUE(d.config.ignore_eos);
  Command e;
  e.read({"--include-stop-str-in-output=false", "--do_sample", "--ignore-eos", "true"});
  EXPECT_FALSE(e.config.include_stop_str_in_output);
  EXPECT_EQ(e.config.do_sample, true);
  EXPECT_TRUE(e.config.ignore_eos);
  EXPECT_EQ(Command().error({"--do-sample=maybe"}), "do_sample is 'maybe': it must be true or false");
}

TEST(Flags, ValuesAreTakenAsTheyAre) {
  Command c;
  c.read({"--stop", "--", "--stop", "-n", "--stop", "[a,b]", "--stop", "%%", "--stop", "--x=", "--stop=a=b", "[1,2]"});
  EXPECT_EQ(c.config.stop_strings, (std::vector<std::string>{"--", "-n", "[a,b]", "%%", "--x=", "a=b"}));
  EXPECT_EQ(c.prompt, "[1,2]");
  EXPECT_EQ(Command().error({"--stop=", "Hello"}), "stop_strings is '': it must be a text that is not empty");
  EXPECT_EQ(Command().error({"--stop", "", "Hello"}), "stop_strings is '': it must be a text that is not empty");
}

TEST(Flags, PromptsThatLookLikeFlags) {
  Command c;
  c.read({"-n", "5", "--", "--temperature"});
  EXPECT_EQ(c.prompt, "--temperature");
  Command d;
  d.read({"- a list\n- of items"});
  EXPECT_EQ(d.prompt, "- a list\n- of items");
  Command e;
  e.read({"-5 + 3 ="});
  EXPECT_EQ(e.prompt, "-5 + 3 =");
  Command f;
  f.read({"-"});
  EXPECT_EQ(f.prompt, "-");
  Command g;
  g.read({""});
  EXPECT_EQ(g.prompt, "");
}

TEST(Flags, ShortFlags) {
  Command c;
  c.read({"-n5", "-ngl", "99", "-qs", "3", "-f", "-"});
  EXPECT_EQ(c.config.max_new_tokens, 5);
  EXPECT_EQ(c.model.n_gpu_layers, 99);
  EXPECT_EQ(c.config.seed, 3u);
  EXPECT_EQ(c.file, "-");
  Command d;
  d.read({"-ngl", "-1"});
  EXPECT_EQ(d.model.n_gpu_layers, -1);
}

TEST(Flags, HelpIsAskedForNotRead) {
  Command c;
  EXPECT_FALSE(c.flags.parse({"-n", "5", "--help", "--no-such-flag"}));
  EXPECT_FALSE(Command().flags.parse({"-h"}));
  EXPECT_TRUE(c.config.given.none());
  Command d;
  d.read({"--stop", "--help"});
  EXPECT_EQ(d.config.stop_strings, std::vector<std::string>{"--help"});
}

TEST(Flags, Errors) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } cases[] = {
      {{"--temperature", "-1"}, "temperature is -1: it must be a number of at least 0"},
      {{"--temperature=-1"}, "temperature is -1: it must be a number of at least 0"},
      {{"--temperature", "hot"}, "temperature is 'hot': it must be a number of at least 0"},
      {{"--temperature", "--top-p", "0.9"}, "temperature is '--top-p': it must be a number of at least 0"},
      {{"-n", "abc", "-n", "5"}, "max_new_tokens is 'abc': it must be a whole number of at least 0"},
      {{"-n=5"}, "max_new_tokens is '=5': it must be a whole number of at least 0"},
      {{"--temperature"}, "--temperature needs a value"},
      {{"Hello", "-n"}, "-n needs a value"},
      {{"-qn"}, "--max-new-tokens needs a value"},
      {{"-f", "a", "--file", "b"}, "--file was given more than once"},
      {{"--cache-type", "fp16"}, "cache_type is 'fp16': it must be one of auto, f32, f16, q8_0 (did you mean f16?)"},
      {{"--temprature", "0.5"}, "unknown option --temprature: did you mean --temperature?"},
      {{"--temprature=0.5"}, "unknown option --temprature: did you mean --temperature?"},
      {{"--max_new_token", "5"}, "unknown option --max_new_token: did you mean --max-new-tokens?"},
      {{"--max-new", "5"}, "unknown option --max-new: did you mean --max-new-tokens?"},
      {{"--colums", "80"}, "unknown option --colums: did you mean --columns?"},
      {{"-temp", "0.5"}, "unknown option -temp: did you mean --temp?"},
      {{"-predict", "5"}, "unknown option -predict: did you mean --predict?"},
      {{"-z"}, "unknown option -z: see --help, or put -- before a text that begins with a dash"},
      {{"--frobnicate"}, "unknown option --frobnicate: see --help, or put -- before a text that begins with a dash"},
      {{"Once", "upon"}, "unexpected argument 'upon': put a text with blanks in quotes"},
      {{"Once", "--", "upon"}, "unexpected argument 'upon': put a text with blanks in quotes"},
      {{"--columns", "wide"}, "Could not convert: --columns = wide"},
  };
  for (const auto& [arguments, message] : cases) {
    EXPECT_EQ(Command().error(arguments), message) << arguments[0];
  }
}

bool lists(const std::string& help, const FieldInfo& field) { return help.find(dashed(field.name) + " ") != help.npos; }

TEST(Flags, TheShortHelpLeavesOutWhatIsAdvanced) {
  const auto check = [](const std::string& help, bool all) {
    const auto check_rows = [&](auto table) {
      for (const auto& field : table) EXPECT_EQ(lists(help, field), all || !field.advanced) << field.name;
    };
    check_rows(generation_fields());
    check_rows(model_fields());
    EXPECT_NE(help.find("\n  -q, --quiet "), help.npos);  // a command's own options are all shown
    EXPECT_NE(help.find("--help-all "), help.npos);
  };
  Command c;
  EXPECT_FALSE(c.flags.parse({"--help"}));
  check(c.flags.help(), false);
  Command d;
  EXPECT_FALSE(d.flags.parse({"-n", "5", "--help-all", "--no-such-flag"}));
  check(d.flags.help(), true);
  EXPECT_TRUE(d.config.given.none());
  Command e;
  EXPECT_FALSE(e.flags.parse({"--help", "--help-all"}));  // the first one counts
  check(e.flags.help(), false);
  EXPECT_GT(std::count_if(generation_fields().begin(), generation_fields().end(),
                          [](const auto& field) { return field.advanced; }),
            20);
}

TEST(Flags, HelpFitsAScreen) {
  Command c;
  std::array<bool, 10> own = {};
  for (std::size_t i = 0; i < own.size(); ++i) c.flags.own("--own-" + std::to_string(i), own[i], "one of the fourteen");
  const std::string help = c.flags.help();
  EXPECT_LT(std::count(help.begin(), help.end(), '\n'), 52);
  EXPECT_TRUE(help.starts_with("Usage: decant run [options] [prompt]\nOptions:\n"));
  EXPECT_NE(help.find("\n  -f, --file FILE "), help.npos);
  EXPECT_NE(help.find("\n  -q, --quiet "), help.npos);
  EXPECT_NE(help.find("\nSampling (each of these implies --do-sample):\n  --temp, --temperature X "), help.npos);
  EXPECT_NE(help.find("\n  -ngl, --n-gpu-layers N "), help.npos);
  EXPECT_TRUE(help.ends_with("keeper wrote\"\n"));
  for (std::size_t begin = 0; begin < help.size();) {
    const std::size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 120u) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace decant
