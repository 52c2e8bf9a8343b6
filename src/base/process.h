// Runs another program: an argument vector, never a shell.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace decant {

struct Command {
  std::vector<std::string> arguments;    // arguments[0] is looked up in PATH
  std::vector<std::string> environment;  // NAME=VALUE, on top of ours
  std::filesystem::path folder;          // that it runs in
  std::filesystem::path output;          // gets what the program writes to stdout and stderr; absolute
};

// The exit status (128 + signal if one ended it), nullopt if there is no such program. Its stdin is empty. `tick` is
// called about ten times a second meanwhile. Throws Error(io) if the machine cannot start a process.
std::optional<int> run_program(const Command& command, const std::function<void()>& tick = {});

struct Ended {
  int status = 0;       // as waitpid() gives it
  std::string output;   // what the program wrote to stdout
  bool in_time = true;  // false: it was killed when the limit was over
};

// Runs a program of which only stdout is read, for at most `limit` of wall time. nullopt if there is no such program.
// Throws Error(io) if the machine cannot start a process.
std::optional<Ended> read_program(std::vector<std::string> arguments, std::chrono::milliseconds limit);

}  // namespace decant
