#include "base/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace decant {
namespace {

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

// Ours, with `extra` in place of what it redefines.
std::vector<std::string> environment_with(const std::vector<std::string>& extra) {
  std::vector<std::string> all = extra;
  for (char** variable = environ; *variable; ++variable) {
    bool replaced = false;
    for (const std::string& other : extra) replaced |= name_of(other) == name_of(*variable);
    if (!replaced) all.emplace_back(*variable);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (std::string& s : strings) all.push_back(s.data());
  all.push_back(nullptr);
  return all;
}

// 0 or an errno.
int spawn(const Command& command, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&files, command.folder.c_str());
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_with(command.environment);
  const int error = posix_spawnp(&child, arguments[0].c_str(), &files, nullptr, pointers(arguments).data(),
                                 pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

std::optional<int> run_program(const Command& command, const std::function<void()>& tick) {
  pid_t child = 0;
  const int error = spawn(command, child);
  if (error == ENOENT) return std::nullopt;
  if (error != 0) throw Error(ErrorKind::io, "cannot start {}: {}", command.arguments[0], std::strerror(error));
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, tick ? WNOHANG : 0);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) {
      throw Error(ErrorKind::io, "cannot wait for {}: {}", command.arguments[0], std::strerror(errno));
    }
    if (!tick) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    tick();
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace decant
