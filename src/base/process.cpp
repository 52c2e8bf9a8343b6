#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

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

// 0 or an errno. The program's stdin is `input`, or empty where that is -1; its stdout is `output`.
int spawn_to(int input, int output, std::vector<std::string>& arguments, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  input < 0 ? posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            : posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int error = posix_spawnp(&child, arguments[0].c_str(), &files, nullptr, pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

using Clock = std::chrono::steady_clock;

// Reads to the end, or until the time is over.
std::string read_until(int pipe, Clock::time_point end) {
  std::string all;
  std::array<char, 4096> piece;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return all;
    pollfd readable{.fd = pipe, .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, static_cast<int>(std::min<std::int64_t>(left, 1000))) <= 0) continue;
    const ssize_t count = read(pipe, piece.data(), piece.size());
    if (count == 0 || (count < 0 && errno != EINTR)) return all;
    if (count > 0) all.append(piece.data(), static_cast<std::size_t>(count));
  }
}

// What closed its stdout ends soon after; what does not is killed.
bool wait_until(pid_t child, Clock::time_point end, int& status) {
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return true;
    if (Clock::now() >= end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return false;
}

}  // namespace

std::optional<Ended> read_program(std::vector<std::string> arguments, std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error(ErrorKind::io, "cannot make a pipe: {}", std::strerror(errno));
  pid_t child = 0;
  const int error = spawn_to(-1, ends[1], arguments, child);
  close(ends[1]);
  Ended ended;
  if (error == 0) {
    ended.output = read_until(ends[0], end);
    ended.in_time = wait_until(child, end, ended.status);
  }
  close(ends[0]);
  if (error == ENOENT) return std::nullopt;
  if (error != 0) throw Error(ErrorKind::io, "cannot start {}: {}", arguments[0], std::strerror(error));
  return ended;
}

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

Companion::Companion(std::vector<std::string> arguments, std::chrono::seconds patience) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(ErrorKind::io, "cannot make a socket: {}", std::strerror(errno));
  socket_ = ends[0];
  const int error = spawn_to(ends[1], ends[1], arguments, child_);
  close(ends[1]);
  if (error != 0) child_ = 0;
  if (error != 0 && error != ENOENT) {
    close(socket_);
    throw Error(ErrorKind::io, "cannot start {}: {}", arguments[0], std::strerror(error));
  }
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(socket_, SOL_SOCKET, direction, &limit, sizeof limit);
}

Companion::~Companion() {
  end();
  close(socket_);
}

bool Companion::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<std::string> Companion::read(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const ssize_t count = recv(socket_, bytes.data() + have, size - have, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    have += static_cast<std::size_t>(count);
  }
  return bytes;
}

int Companion::end() {
  if (child_ <= 0) return status_;
  shutdown(socket_, SHUT_RDWR);  // it reads the end of its stdin
  wait_until(std::exchange(child_, 0), Clock::now() + std::chrono::seconds(1), status_);
  return status_;
}

}  // namespace decant
