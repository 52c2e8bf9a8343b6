#include "hub/hub_download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hash/hash.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "hub/environment.h"
#include "hub/file_lock.h"
#include "hub/http.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

constexpr int kMostFailures = 5;                              // one after the other, without a byte that is new
constexpr auto kFirstPause = std::chrono::milliseconds(250);  // after a failure; then twice as long each time
constexpr long kLongestPause = 60;                            // seconds that a server may ask for
constexpr std::size_t kMostListing = 64 << 20;                // bytes
constexpr std::string_view kAdvice = "set HF_HUB_CACHE to a folder that can be written";

struct RemoteFile {
  std::string name;
  std::string blob = {}, sha256 = {};  // sha256: "" for what is no large file
  std::uintmax_t size = 0;
};

struct Listing {
  std::string commit;
  std::vector<RemoteFile> files = {};
};

std::string endpoint() {
  std::string url = folder_from("HF_ENDPOINT").value_or("https://huggingface.co").string();
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  return line;
}

// As Hugging Face's own tools look for it.
std::string token() {
  if (const auto value = folder_from("HF_TOKEN")) return value->string();
  if (const auto value = folder_from("HUGGING_FACE_HUB_TOKEN")) return value->string();
  if (const auto file = folder_from("HF_TOKEN_PATH")) return first_line(*file);
  if (const auto file = folder_from("HF_HOME", "token")) return first_line(*file);
  if (const auto file = folder_from("XDG_CACHE_HOME", "huggingface/token")) return first_line(*file);
  if (const auto file = folder_from("HOME", ".cache/huggingface/token")) return first_line(*file);
  return "";
}

std::string escaped(const std::string& path) {
  std::string url;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) || std::string_view("-_.~/").find(c) != std::string_view::npos;
    url += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return url;
}

bool is_hex(const std::string& text, std::size_t least, std::size_t most) {
  const auto is_digit = [](unsigned char c) { return std::isxdigit(c) && !std::isupper(c); };
  return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), is_digit);
}

// What a refusal means; nothing for one that may pass.
[[noreturn]] void refuse(long status, const HubName& name, const std::string& what) {
  const std::string repository = name.repository();
  if (status == 401 || status == 403) {
    const std::string what_to_do =
        token().empty()
            ? fmt::format("it is private, gated or not there; set HF_TOKEN to a token that may read {}", repository)
            : fmt::format("the token of HF_TOKEN may not read {}; accept its terms on its page, or use another token",
                          repository);
    throw Error(ErrorKind::unavailable, "{} says {} for {}: {}", endpoint(), status, what, what_to_do);
  }
  if (status == 404) throw Error(ErrorKind::no_input, "{} has no {}", endpoint(), what);
  throw Error(ErrorKind::unavailable, "{} says {} for {}: try again later", endpoint(), status, what);
}

bool may_pass(long status) { return status == 0 || status == 408 || status == 429 || status >= 500; }

// Waits before another try, or throws if there have been enough.
void pause(int failures, const HttpReply& reply, const std::string& what) {
  const std::string why = !reply.failure.empty() ? reply.failure : fmt::format("it says {}", reply.status);
  const long asked = reply.retry_after.value_or(0);
  if (asked > kLongestPause) {
    throw Error(ErrorKind::unavailable, "{} wants no further request for {} s ({} for {}): try again then", endpoint(),
                asked, reply.status, what);
  }
  if (failures >= kMostFailures) {
    throw Error(
        ErrorKind::unavailable,
        "{} could not be fetched from {} ({}): check the network, then try again, which goes on from what is here",
        what, endpoint(), why);
  }
  std::this_thread::sleep_for(
      std::max<std::chrono::milliseconds>(std::chrono::seconds(asked), kFirstPause * (1 << (failures - 1))));
}

std::string get_text(const std::string& url, const HubName& name) {
  const std::string what = name.repository();
  for (int failures = 1;; ++failures) {
    std::string body;
    bool too_long = false;
    const HttpReply reply = http_get({.url = url, .token = token(), .take = [&](long, std::string_view bytes) {
                                        too_long = body.size() + bytes.size() > kMostListing;
                                        if (!too_long) body += bytes;
                                        return !too_long;
                                      }});
    if (reply.status == 200 && reply.failure.empty()) return body;
    if (too_long) throw Error(ErrorKind::data, "{} sends an endless list of the files of {}", endpoint(), what);
    if (reply.status != 200 && !may_pass(reply.status)) refuse(reply.status, name, what);
    pause(failures, reply, what);
  }
}

Listing list(const HubName& name) try {
  const std::string url = fmt::format("{}/api/models/{}/revision/main?blobs=true", endpoint(), name.repository());
  const auto json = nlohmann::json::parse(get_text(url, name));
  Listing listing{.commit = json.at("sha").get<std::string>()};
  if (!is_hex(listing.commit, 7, 64)) throw Error(ErrorKind::data, "no commit");
  for (const auto& each : json.at("siblings")) {
    RemoteFile file{.name = each.at("rfilename").get<std::string>()};
    if (!file.name.ends_with(".gguf")) continue;
    if (const auto lfs = each.find("lfs"); lfs != each.end() && lfs->is_object()) {
      file.blob = file.sha256 = lfs->at("sha256").get<std::string>();
      file.size = lfs->at("size").get<std::uintmax_t>();
    } else {
      file.blob = each.at("blobId").get<std::string>();
      file.size = each.at("size").get<std::uintmax_t>();
    }
    const bool good =
        is_plain_path(file.name) && is_hex(file.blob, 40, 64) && (file.sha256.empty() || file.sha256.size() == 64);
    if (!good) throw Error(ErrorKind::data, "a file");
    listing.files.push_back(std::move(file));
  }
  return listing;
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorKind::data, "{} does not list the files of {} as Hugging Face's hub does: is HF_ENDPOINT right?",
              endpoint(), name.repository());
}

// A file on its way into the cache.
class Download {
 public:
  Download(const HubName& name, const RemoteFile& file, std::string url, fs::path blob, DownloadProgress progress)
      : name_(name),
        file_(file),
        url_(std::move(url)),
        blob_(std::move(blob)),
        partial_(blob_.string() + ".incomplete"),
        progress_(progress) {}

  void run() {
    for (int tries = 0;; ++tries) {
      const bool from_start = here() == 0;
      transfer();
      const std::string found = sha256();
      if (file_.sha256.empty() || found == file_.sha256) break;
      fs::remove(partial_);
      if (!from_start && tries == 0) continue;  // what an earlier run had left was wrong
      throw Error(ErrorKind::data,
                  "{} has SHA-256 {} instead of {}: it was damaged on its way, or is another file; try again",
                  file_.name, found, file_.sha256);
    }
    write_through(partial_);
    fs::rename(partial_, blob_);
  }

 private:
  std::uintmax_t here() const {
    std::error_code absent;
    const std::uintmax_t size = fs::file_size(partial_, absent);
    return absent ? 0 : size;
  }

  std::string sha256() const {
    if (file_.size == 0) return hash_sha256_hex("", 0);
    const MappedFile mapped(partial_);
    return hash_sha256_hex(mapped.bytes().data(), mapped.bytes().size());
  }

  void check_room(std::uintmax_t needed) const {
    std::error_code unknown;
    const fs::space_info space = fs::space(partial_.parent_path(), unknown);
    if (unknown || space.available >= needed) return;
    throw Error(
        ErrorKind::io, "{} needs {} MB more, and {} has {} MB left: make room, or set HF_HUB_CACHE to another disk",
        file_.name, (needed + 999'999) / 1'000'000, partial_.parent_path().string(), space.available / 1'000'000);
  }

  // Until all bytes are here.
  void transfer() {
    if (here() > file_.size) fs::resize_file(partial_, 0);
    if (here() == file_.size && file_.size > 0) return;
    check_room(file_.size - here());
    DownloadBar bar("Downloading " + file_.name, file_.size, progress_);
    std::uintmax_t most = here();
    for (int failures = 0;;) {
      const HttpReply reply = request(bar);
      if (here() == file_.size) return;
      if (reply.status == 416) fs::resize_file(partial_, 0);
      const bool came = reply.status == 200 || reply.status == 206 || reply.status == 416;
      if (!came && !may_pass(reply.status)) refuse(reply.status, name_, file_.name + " of " + name_.repository());
      failures = here() > most ? 1 : failures + 1;
      most = std::max(most, here());
      pause(failures, came && reply.failure.empty() ? short_of(reply) : reply, file_.name);
    }
  }

  HttpReply short_of(HttpReply reply) const {
    reply.failure = fmt::format("it ends after {} of {} bytes", here(), file_.size);
    return reply;
  }

  // One request for what is missing.
  HttpReply request(DownloadBar& bar) {
    const Descriptor out(open(partial_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (out.number < 0)
      throw Error(ErrorKind::io, "cannot write {}: {}; {}", partial_.string(), std::strerror(errno), kAdvice);
    std::uintmax_t done = here();
    int error = 0;
    bool first = true, too_long = false;
    const auto take = [&](long status, std::string_view bytes) {
      if (status != 200 && status != 206) return true;                 // a page that says why not
      if (std::exchange(first, false) && status == 200 && done > 0) {  // it cannot go on: from the beginning
        if (ftruncate(out.number, 0) != 0) error = errno;
        done = 0;
      }
      too_long = done + bytes.size() > file_.size;
      if (!too_long && error == 0) error = write_all(out.number, bytes);
      done += bytes.size();
      bar.update(done);
      return !too_long && error == 0;
    };
    const HttpReply reply = http_get({.url = url_, .token = token(), .from = done, .take = take});
    if (error != 0) {
      throw Error(ErrorKind::io, "cannot write {}: {}; what is there is kept, and the next download goes on from it",
                  partial_.string(), std::strerror(error));
    }
    if (too_long) {
      fs::resize_file(partial_, 0);
      throw Error(ErrorKind::data, "{} sends more than the {} bytes that {} has: it is not the file that was asked for",
                  endpoint(), file_.size, file_.name);
    }
    return reply;
  }

  const HubName& name_;
  const RemoteFile& file_;
  std::string url_;
  fs::path blob_, partial_;
  DownloadProgress progress_;
};

// Replaces what has the name, in one step.
void link(const fs::path& target, const fs::path& path) {
  const fs::path draft = fmt::format("{}.{}", path.string(), getpid());
  std::error_code absent;
  fs::remove(draft, absent);
  fs::create_symlink(target, draft);
  fs::rename(draft, path);
}

void write_ref(const fs::path& repository, const std::string& commit) {
  fs::create_directories(repository / "refs");
  const fs::path draft = repository / "refs" / fmt::format("main.{}", getpid());
  std::ofstream(draft) << commit;
  fs::rename(draft, repository / "refs" / "main");
}

std::string names_of(const std::vector<std::string>& files) {
  return files.empty() ? "no GGUF file" : fmt::format("only {}", fmt::join(files, ", "));
}

}  // namespace

bool is_offline() {
  const auto value = folder_from("HF_HUB_OFFLINE");
  return value && *value != "0" && *value != "false" && *value != "no" && *value != "off";
}

fs::path fetch_from_hub(const HubName& name, DownloadProgress progress) try {
  const fs::path hub = hub_folder(), repository = repository_folder(name);
  const Listing listing = list(name);
  std::vector<std::string> models;
  for (const RemoteFile& file : listing.files) {
    if (is_model_name(file.name)) models.push_back(file.name);
  }
  std::sort(models.begin(), models.end());
  const auto chosen = choose_model(models, name);
  if (!chosen) {
    throw Error(ErrorKind::no_input, "{} has no {}: {}", name.repository(),
                name.file.empty() ? name.quant + " model" : name.file, names_of(models));
  }
  const fs::path snapshot = repository / "snapshots" / listing.commit;
  const fs::path locks = hub / ".locks" / repository.filename();
  fs::create_directories(repository / "blobs");
  fs::create_directories(locks);
  for (const std::string& part : parts_of(*chosen)) {
    const auto file = std::ranges::find(listing.files, part, &RemoteFile::name);
    if (file == listing.files.end())
      throw Error(ErrorKind::no_input, "{} has no {}, which is a part of {}", name.repository(), part, *chosen);
    const fs::path blob = repository / "blobs" / file->blob, path = snapshot / part;
    {
      const FileLock lock(locks / (file->blob + ".lock"), progress, std::string(kAdvice));
      std::error_code absent;
      if (!fs::is_regular_file(blob, absent) || fs::file_size(blob) != file->size) {
        const std::string url =
            fmt::format("{}/{}/resolve/{}/{}", endpoint(), name.repository(), listing.commit, escaped(part));
        Download(name, *file, url, blob, progress).run();
      }
    }
    fs::create_directories(path.parent_path());
    link(blob.lexically_relative(path.parent_path()), path);
  }
  write_ref(repository, listing.commit);
  return snapshot / *chosen;
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorKind::io, "cannot keep the model {}: {}; {}", name.repository(), error.what(), kAdvice);
}

}  // namespace decant
