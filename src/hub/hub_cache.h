// Hugging Face's cache of repositories, which its own tools and libllama's share:
//
//   HUB/models--USER--REPO/blobs/HASH                   a file; HASH is its SHA-256
//   HUB/models--USER--REPO/snapshots/COMMIT/NAME.gguf   a link to it
//   HUB/models--USER--REPO/refs/main                    the commit of the branch
//   HUB/.locks/models--USER--REPO/HASH.lock             held by whoever fetches the file
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace decant {

// hf:USER/REPO, hf:USER/REPO:QUANT or hf:USER/REPO/FOLDER/FILE.gguf; hf:// as well.
struct HubName {
  std::string user, repo;
  std::string file = {};  // in the repository, or ""
  std::string quant = {};
  bool any_quant = false;  // none was asked for: if there is no file of this one, the only model will do

  std::string repository() const { return user + "/" + repo; }
};

// Throws Error(usage) for a name that is none of these.
HubName parse_hub_name(const std::string& name);

// $LLAMA_CACHE, $HF_HUB_CACHE, $HF_HOME/hub, ...: the first that is set. Throws Error(unavailable) if none is.
std::filesystem::path hub_folder();
std::filesystem::path repository_folder(const HubName& name);

// Names in a repository, '/' between folders.
bool is_model_name(const std::string& file);                 // no vision projector; of a model in parts the first
std::vector<std::string> parts_of(const std::string& file);  // the files of the model whose first part it is
std::optional<std::string> choose_model(const std::vector<std::string>& files, const HubName& name);
bool is_plain_path(const std::string& file);  // leads into no other folder, and hides nothing

// The model's first file in the newest snapshot that has all of it.
std::optional<std::filesystem::path> find_in_hub(const HubName& name);

// Names of all models of the repository that are in the cache, or of all repositories.
std::vector<std::string> models_in_hub(const HubName& name);
std::vector<HubName> all_models_in_hub();

}  // namespace decant
