// Loads a model once in a process of its own, so that a file on which libllama aborts is an Error and not the end of
// ours. That process is a program, `decant probe FILE`: a forked copy of one with threads could wait for ever on a lock
// that another thread had.
//
// A file that passed is remembered in the cache folder by path, size, time and inode and by the version of libllama;
// it costs nothing the next time. Files that decant has downloaded and checked need no probe.
#pragma once

#include <chrono>
#include <filesystem>

namespace decant {

// Ourselves where we are decant, else a decant in the folder of our program or of the shared object that we are part
// of;
// "" where there is none.
std::filesystem::path default_probe_program();

struct ProbeOptions {
  std::filesystem::path program = default_probe_program();  // that understands `probe FILE`
  std::chrono::milliseconds limit{0};  // of wall time; 0: ten minutes, and a second for every 50 MB of the file
};

enum class Probe {
  passed,      // now or before
  not_needed,  // a file that is known to be good, or DECANT_NO_PROBE
  no_program,  // nothing was tried, as there is no program to do it
};

// Whether a file could be anything: not one that decant has checked by its sum, and the user has not vouched for it.
bool is_unknown(const std::filesystem::path& path);

// Throws what check_gguf() throws, and Error(data) when libllama cannot load the file or evaluate one token with it.
// DECANT_NO_PROBE=1 turns it off. From any thread.
Probe probe_model(const std::filesystem::path& path, const ProbeOptions& options = {});

// What the program does: says on stdout what goes wrong, and ends the process.
[[noreturn]] void answer_probe(const std::filesystem::path& path);

}  // namespace decant
