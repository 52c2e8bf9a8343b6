#include "hub/hub_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <system_error>
#include <tuple>

#include "base/error.h"
#include "hub/environment.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

bool is_plain(const std::string& part) {
  const auto ok = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  return !part.empty() && part[0] != '.' && std::all_of(part.begin(), part.end(), ok);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string last_of(const std::string& file) { return file.substr(file.rfind('/') + 1); }

// "Q4_K" is in "x-Q4_K.gguf" but not in "x-Q4_K_M.gguf".
bool has_quant(const std::string& path, const std::string& quant) {
  const std::string file = lower(last_of(path));
  const auto is_letter = [&](std::size_t i) { return std::isalnum(static_cast<unsigned char>(file[i])) != 0; };
  for (std::size_t at = file.find(lower(quant)); at != std::string::npos; at = file.find(lower(quant), at + 1)) {
    const std::size_t end = at + quant.size();
    const bool begins = at == 0 || !is_letter(at - 1);
    const bool ends = !is_letter(end) && file[end] != '_';  // ".gguf" follows at the latest
    if (begins && ends) return true;
  }
  return false;
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

// The models of which every part is there.
std::vector<std::string> models_in(const fs::path& snapshot) {
  std::vector<std::string> found;
  const auto is_there = [&](const std::string& file) {
    std::error_code dangling;
    return fs::is_regular_file(snapshot / file, dangling);
  };
  std::error_code unreadable;
  for (fs::recursive_directory_iterator i(snapshot, unreadable), end; i != end; i.increment(unreadable)) {
    const std::string file = i->path().lexically_relative(snapshot).generic_string();
    if (is_model_name(file) && std::ranges::all_of(parts_of(file), is_there)) found.push_back(file);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

HubName parse_hub_name(const std::string& name) {
  HubName parsed;
  std::string rest = name.substr(name.starts_with("hf://") ? 5 : 3);
  const std::size_t colon = rest.find(':');
  parsed.any_quant = colon == std::string::npos;
  parsed.quant = parsed.any_quant ? "Q4_K_M" : rest.substr(colon + 1);
  rest.resize(std::min(colon, rest.size()));
  const std::size_t slash = rest.find('/');
  parsed.user = rest.substr(0, slash);
  rest.erase(0, slash == std::string::npos ? slash : slash + 1);
  const std::size_t second = rest.find('/');
  parsed.repo = rest.substr(0, second);
  if (second != std::string::npos) parsed.file = rest.substr(second + 1);
  const bool names_file = second != std::string::npos;
  const bool good_file = !names_file || (parsed.any_quant && is_plain_path(parsed.file) && is_model_name(parsed.file));
  if (is_plain(parsed.user) && is_plain(parsed.repo) && is_plain(parsed.quant) && good_file) return parsed;
  throw Error(ErrorKind::usage,
              "{} names no model: write hf:USER/REPO, hf:USER/REPO:QUANT or hf:USER/REPO/FILE.gguf (the first of its "
              "parts)",
              name);
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

fs::path repository_folder(const HubName& name) {
  return hub_folder() / fmt::format("models--{}--{}", name.user, name.repo);
}

bool is_model_name(const std::string& file) {
  const std::string last = last_of(file);
  const bool later_part = last.find("-of-") != std::string::npos && last.find("-00001-of-") == std::string::npos;
  return last.ends_with(".gguf") && !last.starts_with("mmproj") && !later_part;
}

std::vector<std::string> parts_of(const std::string& file) {
  constexpr std::string_view first = "-00001-of-";
  constexpr std::size_t digits = 5;
  const std::size_t at = file.rfind(first), count = at + first.size();
  if (at == std::string::npos || file.size() != count + digits + std::string_view(".gguf").size()) return {file};
  if (!std::all_of(&file[count], &file[count + digits], [](unsigned char c) { return std::isdigit(c); })) return {file};
  const int parts = std::stoi(file.substr(count, digits));
  std::vector<std::string> files = {file};
  for (int i = 2; i <= parts; ++i)
    files.push_back(fmt::format("{}-{:05}-of-{}", file.substr(0, at), i, file.substr(count)));
  return files;
}

std::optional<std::string> choose_model(const std::vector<std::string>& files, const HubName& name) {
  if (!name.file.empty()) {
    const auto found = std::ranges::find(files, name.file);
    return found == files.end() ? std::nullopt : std::optional(*found);
  }
  for (const std::string& file : files) {
    if (has_quant(file, name.quant)) return file;
  }
  if (name.any_quant && files.size() == 1) return files[0];
  return std::nullopt;
}

bool is_plain_path(const std::string& file) {
  for (std::size_t begin = 0;;) {
    const std::size_t slash = file.find('/', begin);
    const std::string part = file.substr(begin, slash == std::string::npos ? slash : slash - begin);
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
    if (part.empty() || part[0] == '.' || std::any_of(part.begin(), part.end(), is_control)) return false;
    if (part.find('\\') != std::string::npos) return false;
    if (slash == std::string::npos) return true;
    begin = slash + 1;
  }
}

std::optional<fs::path> find_in_hub(const HubName& name) {
  for (const fs::path& snapshot : snapshots(repository_folder(name))) {
    if (const auto file = choose_model(models_in(snapshot), name)) return snapshot / *file;
  }
  return std::nullopt;
}

std::vector<std::string> models_in_hub(const HubName& name) {
  std::vector<std::string> all;
  for (const fs::path& snapshot : snapshots(repository_folder(name))) {
    for (const std::string& file : models_in(snapshot)) {
      if (std::ranges::find(all, file) == all.end()) all.push_back(file);
    }
  }
  return all;
}

std::vector<HubName> all_models_in_hub() {
  std::vector<HubName> all;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(hub_folder(), none)) {
    const std::string folder = entry.path().filename().string();
    constexpr std::string_view prefix = "models--", between = "--";
    const std::size_t at = folder.find(between, prefix.size());
    if (!folder.starts_with(prefix) || at == std::string::npos) continue;
    HubName name{.user = folder.substr(prefix.size(), at - prefix.size()), .repo = folder.substr(at + between.size())};
    for (const std::string& file : models_in_hub(name)) {
      name.file = file;
      all.push_back(name);
    }
  }
  std::ranges::sort(all, {}, [](const HubName& each) { return std::tuple(each.user, each.repo, each.file); });
  return all;
}

}  // namespace decant
