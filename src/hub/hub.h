// Names of models -> files on this machine.
//
//   PATH                    a file that exists, as it is
//   smollm2                 the default model (SmolLM2-135M-Instruct, Q4_1), downloaded at first use
//   hf:USER/REPO[:QUANT]    a model of Hugging Face's hub, downloaded at first use; QUANT is Q4_K_M unless given
//   hf:USER/REPO/FILE.gguf  the same, by its file
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hub/model_package.h"

namespace decant {

// Throws Error: usage for a malformed name, no_input for one that names nothing, unavailable when what it names is not
// here and cannot be fetched; and what install() throws.
enum class Network { allowed, none };
std::filesystem::path resolve_model(const std::string& name, DownloadProgress progress = DownloadProgress::on_stderr,
                                    Network network = Network::allowed);

// The same, as it is on the network now.
std::filesystem::path fetch_model(const std::string& name, DownloadProgress progress);

// The models that are here because they were fetched.
struct KeptFile {
  std::filesystem::path path;
  std::string sha256;  // as it was published; "" where nobody has said
};
struct KeptModel {
  std::string name;  // for -m
  std::vector<KeptFile> files = {};
  std::uintmax_t size = 0;
};
std::vector<KeptModel> kept_models();
void remove_model(const KeptModel& model);
std::string sha256_of(const std::filesystem::path& file);

// Where decant keeps what it can get again: $DECANT_CACHE, else $XDG_CACHE_HOME/decant, else $HOME/.cache/decant.
// Throws Error(unavailable) if none is set.
std::filesystem::path cache_folder();

// True for a file whose hash was checked when decant downloaded it.
bool is_pinned_model(const std::filesystem::path& path);

}  // namespace decant
