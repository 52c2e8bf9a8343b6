#include "llama/load_probe.h"

#include <fcntl.h>
#include <hash/hash.h>
#include <llama.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "files/gguf_check.h"
#include "hub/hub.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

constexpr rlim_t kCpuSeconds = 600;

// ---------------------------------------------------------------------------------------------------- in the child

int complaints = -1;  // the pipe to the parent

// One write below PIPE_BUF is atomic; where the pipe is full the parent has heard enough.
void complain(std::string_view message) {
  message = message.substr(0, message.find_last_not_of(" \n") + 1);
  const std::string line = std::string(message.substr(0, 500)) + "\n";
  [[maybe_unused]] const ssize_t written = write(complaints, line.data(), line.size());
}

void silence(int pipe) {
  complaints = pipe;
  fcntl(complaints, F_SETFL, O_NONBLOCK);
  const int nowhere = open("/dev/null", O_RDWR);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, stream);
  const auto log = [](ggml_log_level level, const char* text, void*) {
    if (level == GGML_LOG_LEVEL_ERROR) complain(text);
  };
  llama_log_set(log, nullptr);
  ggml_set_abort_callback([](const char* text) {  // "/where/it/was/built/ggml.c:12: GGML_ASSERT(...) failed"
    const std::string_view message = text;
    complain(message.substr(message.rfind('/', message.find(':')) + 1));
  });
}

void limit() {
  const rlimit no_core = {0, 0}, cpu = {kCpuSeconds, kCpuSeconds};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_CPU, &cpu);
}

bool decodes_one_token(llama_model* model) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = 32;
  params.n_threads = params.n_threads_batch = 1;  // one row: a busy machine must not make threads wait for each other
  llama_context* context = llama_init_from_model(model, params);
  if (!context) return false;
  llama_token token = 0;
  return llama_decode(context, llama_batch_get_one(&token, 1)) == 0;
}

[[noreturn]] void load_and_exit(const fs::path& path, int pipe) {
  silence(pipe);
  limit();
  llama_model* model = llama_model_load_from_file(path.c_str(), llama_model_default_params());
  if (!model) _exit(1);
  const bool decoder_only = !llama_model_has_encoder(model) && llama_model_has_decoder(model);
  _exit(!decoder_only || decodes_one_token(model) ? 0 : 1);  // other kinds are refused, in words, when they are opened
}

// --------------------------------------------------------------------------------------------------- in the parent

struct Outcome {
  int status = 0;         // as waitpid() gives it
  std::string complaint;  // libllama's: the one it died with, else the first, from which the others follow
};

std::string read_all(int pipe) {
  std::string all;
  std::array<char, 4096> piece;
  for (ssize_t n; (n = read(pipe, piece.data(), piece.size())) != 0;) {
    if (n < 0 && errno != EINTR) break;
    if (n > 0) all.append(piece.data(), static_cast<std::size_t>(n));
  }
  return all;
}

Outcome load_in_child(const fs::path& path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error(ErrorKind::io, "cannot make a pipe: {}", std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) throw Error(ErrorKind::io, "cannot start a process: {}", std::strerror(errno));
  if (child == 0) load_and_exit(path, ends[1]);
  close(ends[1]);
  std::string said = read_all(ends[0]);  // ends when the child does
  close(ends[0]);
  Outcome outcome;
  while (waitpid(child, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  said.erase(said.find_last_not_of('\n') + 1);
  outcome.complaint = WIFSIGNALED(outcome.status) ? said.substr(said.rfind('\n') + 1) : said.substr(0, said.find('\n'));
  return outcome;
}

void judge(const fs::path& path, const Outcome& outcome) {
  const std::string because = outcome.complaint.empty() ? "" : fmt::format(" ({})", outcome.complaint);
  if (WIFSIGNALED(outcome.status)) {
    const int signal = WTERMSIG(outcome.status);
    if (signal == SIGINT || signal == SIGTERM) throw Error(ErrorKind::io, "interrupted");
    if (signal == SIGKILL) {
      throw Error(ErrorKind::unavailable, "loading {} was killed: it needs more memory than there is", path.string());
    }
    if (signal == SIGXCPU) throw Error(ErrorKind::data, "loading {} does not come to an end", path.string());
    throw Error(ErrorKind::data, "libllama crashes when it loads {}{}: the file is damaged or of an unsupported kind",
                path.string(), because);
  }
  if (WEXITSTATUS(outcome.status) == 0) return;
  throw Error(ErrorKind::data, "libllama cannot load {}{}", path.string(), because);
}

// ---------------------------------------------------------------------------------------------------------- memory

// Changes whenever the file or the library does.
std::string identity(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw Error(ErrorKind::no_input, "no such file: {}", path.string());
  return fmt::format("{}\n{} {}.{:09} {}:{}\nlibllama {}\n", fs::absolute(path).string(), status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_dev, status.st_ino, llama_version());
}

std::optional<fs::path> record_of(const std::string& key) try {
  return cache_folder() / "probes" / hash_sha256_hex(key.data(), key.size());
} catch (const Error&) {
  return std::nullopt;  // nowhere to remember anything
}

void remember(const fs::path& record, const std::string& key) {  // best effort: a failure costs the next probe
  std::error_code failed;
  fs::create_directories(record.parent_path(), failed);
  const fs::path partial = fmt::format("{}.{}", record.string(), getpid());
  std::ofstream(partial) << key;
  fs::rename(partial, record, failed);
}

bool turned_off() {
  const char* value = std::getenv("DECANT_NO_PROBE");
  return value && *value && std::string_view(value) != "0";
}

}  // namespace

void probe_model(const fs::path& path) {
  if (turned_off() || is_pinned_model(path)) return;
  const std::string key = identity(path);
  const std::optional<fs::path> record = record_of(key);
  std::error_code unreadable;
  if (record && fs::exists(*record, unreadable)) return;
  check_gguf(path);
  judge(path, load_in_child(path));
  if (record) remember(*record, key);
}

}  // namespace decant
