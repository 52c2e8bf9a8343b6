// Models from Hugging Face's hub into its cache.
//
// A file gets its name by one rename, complete and with the SHA-256 that the hub says, or not at all. What an
// interrupted download leaves is BLOB.incomplete, and the next one goes on from there. Of several processes one
// downloads, and the others wait.
#pragma once

#include <filesystem>

#include "hub/download_bar.h"
#include "hub/hub_cache.h"

namespace decant {

// $HF_HUB_OFFLINE says that nothing is to be fetched.
bool is_offline();

// The model as the hub's main branch has it now, fetched as far as it is not here; its first file. Throws Error:
// unavailable when the hub cannot be reached or refuses, no_input for what it does not have, data when what comes is
// not what it said, io when the cache cannot be written.
std::filesystem::path fetch_from_hub(const HubName& name, DownloadProgress progress);

}  // namespace decant
