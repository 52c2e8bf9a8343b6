// The subcommands: a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decant {

struct Subcommand {
  std::string_view name;
  std::string_view doc;                                   // one line
  int (*run)(const std::vector<std::string>& arguments);  // returns the exit code; throws Error
  std::span<const std::string_view> actions = {};         // words one of which stands behind the name
};

std::span<const Subcommand> commands();

int run_command(const std::vector<std::string>& arguments);
int chat_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int serve_command(const std::vector<std::string>& arguments);
int sweep_command(const std::vector<std::string>& arguments);
int detect_command(const std::vector<std::string>& arguments);
int bench_command(const std::vector<std::string>& arguments);
int models_command(const std::vector<std::string>& arguments);
int grammar_command(const std::vector<std::string>& arguments);
int report_command(const std::vector<std::string>& arguments);
int config_command(const std::vector<std::string>& arguments);
int doctor_command(const std::vector<std::string>& arguments);
int completions_command(const std::vector<std::string>& arguments);
int man_command(const std::vector<std::string>& arguments);

// For the scripts of `decant completions`: what the last of these words, which stand behind decant, may become; a line
// each, a tab before what it is.
void complete(const std::vector<std::string>& words);

}  // namespace decant
