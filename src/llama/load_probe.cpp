// Tested by tests/llama/load_probe_test.cpp.
#include "llama/load_probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <hash/hash.h>
#include <llama.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "files/gguf_check.h"
#include "hub/hub.h"
#include "llama/kinds.h"
#include "llama/next_head.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

constexpr std::chrono::minutes kLimit{10};
constexpr std::uintmax_t kBytesPerSecond = 50'000'000;  // of a slow disk

// The first line of what a probing program says: another program, or another version of ours, would not.
constexpr std::string_view kGreeting = "decant probes\n";

// ------------------------------------------------------------------------------------------ in the program that probes

int complaints = -1;  // the pipe to whom we answer

// One write below PIPE_BUF is atomic; where the pipe is full the parent has heard enough.
void complain(std::string_view message) {
  message = message.substr(0, message.find_last_not_of(" \n") + 1);
  const std::string line = std::string(message.substr(0, 500)) + "\n";
  [[maybe_unused]] const ssize_t written = write(complaints, line.data(), line.size());
}

void silence() {
  complaints = dup(STDOUT_FILENO);
  [[maybe_unused]] const ssize_t written = write(complaints, kGreeting.data(), kGreeting.size());
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

// Neither a core nor itself, should who asked be killed.
void leave_nothing() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

// Every kind of character that a prompt may have, with what the file wants before and behind.
void tokenize_something(const llama_model* model) {
  const llama_vocab* vocab = llama_model_get_vocab(model);
  if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) return;
  std::string text = " a\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80";
  std::vector<llama_token> tokens(text.size() + 16);
  for (const bool special : {false, true}) {
    try {
      llama_tokenize(vocab, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                     static_cast<std::int32_t>(tokens.size()), special, special);
    } catch (const std::out_of_range&) {  // characters that it has no token for: LlamaVocab sees to them
    }
  }
}

bool decodes_one_token(llama_model* model, llama_context_type type) {
  llama_context_params params = llama_context_default_params();
  params.ctx_type = type;
  params.n_ctx = params.n_batch = params.n_ubatch = 32;
  params.n_threads = params.n_threads_batch = 1;  // one row: a busy machine must not make threads wait for each other
  llama_context* context = llama_init_from_model(model, params);
  if (!context) return false;
  llama_token token = 0;
  llama_batch batch = llama_batch_get_one(&token, 1);
  std::vector<float> state(static_cast<std::size_t>(llama_model_n_embd_out(model)));
  if (type == LLAMA_CONTEXT_TYPE_MTP) batch.embd = state.data();  // a head reads both
  return llama_decode(context, batch) == 0;
}

// ---------------------------------------------------------------------------------------------- in the one that asks

struct Outcome {
  int status = 0;  // as waitpid() gives it
  bool in_time = true;
  std::string complaint;  // libllama's: the one it died with, else the first, from which the others follow
};

// nullopt where nothing was tried.
std::optional<Outcome> load_elsewhere(const fs::path& path, const ProbeOptions& options) {
  if (options.program.empty()) return std::nullopt;
  const auto by_size = std::chrono::seconds(fs::file_size(path) / kBytesPerSecond);
  const auto limit = options.limit.count() > 0 ? options.limit : kLimit + by_size;
  const std::optional<Ended> ended = read_program({options.program.string(), "probe", path.string()}, limit);
  if (!ended) return std::nullopt;
  std::string_view said = ended->output;
  if (said.starts_with(kGreeting)) {
    said.remove_prefix(kGreeting.size());
  } else if (WIFEXITED(ended->status)) {
    return std::nullopt;
  }
  said = said.substr(0, said.find_last_not_of('\n') + 1);
  const bool died = WIFSIGNALED(ended->status);
  return Outcome{ended->status, ended->in_time,
                 std::string(died ? said.substr(said.rfind('\n') + 1) : said.substr(0, said.find('\n')))};
}

void judge(const fs::path& path, const Outcome& outcome) {
  const std::string because = outcome.complaint.empty() ? "" : fmt::format(" ({})", outcome.complaint);
  if (!outcome.in_time) throw Error(ErrorKind::data, "loading {} does not come to an end", path.string());
  if (WIFSIGNALED(outcome.status)) {
    const int signal = WTERMSIG(outcome.status);
    if (signal == SIGINT || signal == SIGTERM) throw Error(ErrorKind::io, "interrupted");
    if (signal == SIGKILL) {
      throw Error(ErrorKind::unavailable, "loading {} was killed: it needs more memory than there is", path.string());
    }
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
  return fmt::format("{}\n{} {}.{:09} {}:{}\nlibllama {}, tokenized, with heads\n", fs::absolute(path).string(),
                     status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_dev, status.st_ino,
                     llama_version());
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

fs::path default_probe_program() {
  std::error_code unreadable;
  const fs::path self = fs::read_symlink("/proc/self/exe", unreadable), name = "decant";
  if (unreadable) return {};
  if (self.filename() == name) return self;
  Dl_info ours{};  // a shared object, where this code is part of one
  const bool known = dladdr(reinterpret_cast<const void*>(&default_probe_program), &ours) != 0 && ours.dli_fname;
  for (const fs::path& file : {self, fs::path(known ? ours.dli_fname : "")}) {
    const fs::path beside = file.parent_path() / name;
    if (fs::is_regular_file(beside, unreadable) && access(beside.c_str(), X_OK) == 0) return beside;
  }
  return {};
}

bool is_unknown(const fs::path& path) { return !turned_off() && !is_pinned_model(path); }

Probe probe_model(const fs::path& path, const ProbeOptions& options) {
  if (!is_unknown(path)) return Probe::not_needed;
  const std::string key = identity(path);
  const std::optional<fs::path> record = record_of(key);
  std::error_code unreadable;
  if (record && fs::exists(*record, unreadable)) return Probe::passed;
  check_kind(path, check_gguf(path));
  const std::optional<Outcome> outcome = load_elsewhere(path, options);
  if (!outcome) return Probe::no_program;
  judge(path, *outcome);
  if (record) remember(*record, key);
  return Probe::passed;
}

void answer_probe(const fs::path& path) {
  silence();
  leave_nothing();
  llama_model_params params = llama_model_default_params();
  const GgufInfo info = check_gguf(path);
  params.load_mtp = info.n_next_heads > 0;
  llama_model* model = llama_model_load_from_file(path.c_str(), params);
  if (!model) _exit(1);
  const bool decoder_only = !llama_model_has_encoder(model) && llama_model_has_decoder(model);
  if (decoder_only) tokenize_something(model);
  if (!decoder_only) _exit(0);  // other kinds are refused, in words, when they are opened
  const bool has_head = no_next_head(info, model).empty();
  const bool decodes = decodes_one_token(model, LLAMA_CONTEXT_TYPE_DEFAULT) &&
                       (!has_head || decodes_one_token(model, LLAMA_CONTEXT_TYPE_MTP));
  _exit(decodes ? 0 : 1);
}

}  // namespace decant
