// A command line made from option tables: every field is a flag, its value is read by the table, its help is the row's.
//
// CLI11 holds the flags, places positional arguments and converts a command's own few options. Its rules for telling a
// flag from a value would lose or misread text, so the arguments are made unmistakable before it sees them:
//   --stop=                an empty value is a value (CLI11 would take the next argument instead)
//   --do-sample "Hello"    a switch without true or false never swallows the prompt
//   -ngl 99                one dash and several letters
//   -temp, --temprature    unknown flags are answered with the nearest known one
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "options/help.h"
#include "options/table.h"

namespace decant {

class Flags {
 public:
  // Own options of the command are added to the app as CLI11 does it, each with one value or none.
  explicit Flags(CLI::App& app) : app_(app) { app_.set_help_all_flag("--help-all", "every option"); }

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

  // Usage, description, a line for each option (for each that is not advanced, unless --help-all was given), and the
  // app's footer (an example).
  std::string help() const;

 private:
  struct Row {
    HelpRow help;
    bool is_switch;  // may stand without a value, which means true
  };

  bool clarify(const std::vector<std::string>& arguments, std::vector<std::string>& clear);
  const CLI::Option* find_flag(const std::string& flag) const;
  bool is_switch(const CLI::Option* option) const;
  [[noreturn]] void reject_unknown(std::string_view flag) const;

  CLI::App& app_;
  bool help_all_ = false;
  std::map<const CLI::Option*, Row> rows_;
  std::map<std::string, std::string, std::less<>> long_names_;  // "-ngl" -> "--n-gpu-layers"
};

}  // namespace decant
