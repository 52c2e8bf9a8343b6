// Runs another program: an argument vector, never a shell.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

// A program beside ours that is spoken with: what we write is its stdin, what it writes to stdout we read.
class Companion {
 public:
  // Throws Error(io) if the machine cannot start a process; found() is false if there is no such program. `patience`:
  // how long a read or a write may stand still.
  Companion(std::vector<std::string> arguments, std::chrono::seconds patience);
  ~Companion();  // ends it
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  bool found() const { return child_ > 0; }
  bool write(std::string_view bytes);                 // false: it reads no more
  std::optional<std::string> read(std::size_t size);  // exactly as many bytes; nullopt: that much will not come
  int end();                                          // waits for it, or kills it; the status as waitpid() gives it

 private:
  pid_t child_ = 0;
  int socket_ = -1;
  int status_ = 0;
};

}  // namespace decant
