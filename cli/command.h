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
};

std::span<const Subcommand> commands();

int run_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int serve_command(const std::vector<std::string>& arguments);
int sweep_command(const std::vector<std::string>& arguments);
int detect_command(const std::vector<std::string>& arguments);
int bench_command(const std::vector<std::string>& arguments);
int models_command(const std::vector<std::string>& arguments);
int grammar_command(const std::vector<std::string>& arguments);
int report_command(const std::vector<std::string>& arguments);

}  // namespace decant
