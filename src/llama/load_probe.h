// Loads a model once in a child process, so that a file on which libllama aborts is an Error and not the end of ours.
//
// A file that passed is remembered in the cache folder by path, size, time and inode and by the version of libllama;
// it costs nothing the next time. Files that decant has downloaded and checked need no probe.
#pragma once

#include <filesystem>

namespace decant {

// Call before any thread exists (it forks) and before anything is loaded. Throws what check_gguf() throws, and
// Error(data) when libllama cannot load the file or evaluate one token with it. DECANT_NO_PROBE=1 turns it off.
void probe_model(const std::filesystem::path& path);

}  // namespace decant
