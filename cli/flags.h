// A command line made from option tables: every field is a flag, its value is read by the table, its help is the row's.
//
// CLI11 holds the flags, places positional arguments and converts a command's own few options. Its rules for telling a
// flag from a value would lose or misread text, so the arguments are made unmistakable before it sees them:
//   --stop=                an empty value is a value (CLI11 would take the next argument instead)
//   --do-sample "Hello"    a switch without true or false never swallows the prompt
//   -ngl 99                one dash and several letters
//   -temp, --temprature    unknown flags are answered with the nearest known one
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options/help.h"
#include "options/table.h"

namespace CLI {  // only flags.cpp reads CLI11 itself, which takes a compiler seconds
class App;
class Option;
}  // namespace CLI

namespace decant {

// What else is to be said of a command's own option.
class OwnOption {
 public:
  explicit OwnOption(CLI::Option* option) : option_(option) {}
  OwnOption type(const std::string& name);  // of its value, in the help
  OwnOption group(const std::string& title);

 private:
  CLI::Option* option_;
};

// Columns for help: the terminal's, or that of the pager that reads it, as far as standard error shows that one.
int help_width();

// What a command says of itself: for completions and man pages.
struct FlagFacts {
  std::vector<std::string> names;  // "-t", "--threads"
  std::string value;               // its placeholder; "" for what takes none
  std::vector<std::string> words;  // that the value may be, where those are all
  std::string doc, group;
};
struct CommandFacts {
  std::string name, description, example;
  std::vector<FlagFacts> flags;
  std::vector<FlagFacts> arguments;  // without a flag
};

// The command is called, and says what flags it has instead of doing anything.
CommandFacts describe(int (*command)(const std::vector<std::string>&), const std::vector<std::string>& arguments = {});

class Flags {
 public:
  // "decant run", what it does in a sentence, and what the help ends with (an example).
  Flags(const std::string& command, const std::string& description, const std::string& footer);
  ~Flags();

  // An option of the command's own, "-f,--file", or "PROMPT" for what stands without a flag. A bool is a switch, a list
  // takes one value each time, all others are given once. The value must outlive parse().
  template <class Value>  // bool, int, double, string, optional of int or string, vector of strings
  OwnOption own(const std::string& names, Value& value, const std::string& doc);
  // One that is read by `set_value`, which may throw Error(usage).
  OwnOption own_function(const std::string& names, std::function<void(const std::string&)> set_value,
                         const std::string& doc);

  // Adds a flag for each row: --top-p, --top_p and the aliases. The table and the options must outlive parse().
  template <class Options>
  void add(Fields<Options> table, Options& options) {
    for (const Field<Options>& field : table) {
      const auto set_field = [&options, &field](std::string_view text) { set(options, field, text); };
      add(field, default_of(field), set_field);
    }
  }

  // Adds a flag for one row; `set_field` reads its value.
  void add(const FieldInfo& field, Value default_value, std::function<void(std::string_view)> set_field);

  // Reads the arguments behind the command's name. False, with nothing read, if they ask for help. Throws Error(usage).
  bool parse(const std::vector<std::string>& arguments);

  // Usage, description, each option (each that is not advanced, unless --help-all was given), and the footer, as wide
  // as the terminal.
  std::string help() const;

 private:
  struct Row {
    HelpRow help;
    bool is_switch;  // may stand without a value, which means true
    std::string value = {};
    std::vector<std::string> words = {};
  };

  CommandFacts facts() const;
  bool clarify(const std::vector<std::string>& arguments, std::vector<std::string>& clear);
  const CLI::Option* find_flag(const std::string& flag) const;
  bool is_switch(const CLI::Option* option) const;
  bool is_of_table(std::string_view group) const;
  [[noreturn]] void reject_unknown(std::string_view flag) const;

  std::unique_ptr<CLI::App> app_;
  bool help_all_ = false;
  std::map<const CLI::Option*, Row> rows_;
  std::map<std::string, std::string, std::less<>> long_names_;  // "-ngl" -> "--n-gpu-layers"
};

}  // namespace decant
