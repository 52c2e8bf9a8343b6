// Names of models -> files on this machine.
//
//   PATH                    a file that exists, as it is
//   smollm2                 the default model (SmolLM2-135M-Instruct, Q4_1), downloaded at first use
//   hf:USER/REPO[:QUANT]    a GGUF file in the Hugging Face cache; QUANT is Q4_K_M unless given
#pragma once

#include <filesystem>
#include <string>

#include "hub/model_package.h"

namespace decant {

// Throws Error: usage for a malformed name, no_input for one that names nothing, unavailable when what it names is not
// here and cannot be fetched; and what install() throws.
std::filesystem::path resolve_model(const std::string& name, DownloadProgress progress = DownloadProgress::on_stderr);

// Where decant keeps what it can get again: $DECANT_CACHE, else $XDG_CACHE_HOME/decant, else $HOME/.cache/decant.
// Throws Error(unavailable) if none is set.
std::filesystem::path cache_folder();

// True for a file whose hash was checked when decant downloaded it.
bool is_pinned_model(const std::filesystem::path& path);

}  // namespace decant
