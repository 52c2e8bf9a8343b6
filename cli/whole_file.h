// A file that is written whole or not at all, under its name only once it is complete.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>

namespace decant {

class WholeFile {
 public:
  // `what` it is, for messages: "report". Throws Error(io) when no file can be written there; one that exists is
  // replaced only by write().
  WholeFile(std::filesystem::path path, std::string what);

  void write(std::initializer_list<std::string_view> parts);
  void write(const std::function<void(std::ostream&)>& fill);  // what it throws leaves no file

 private:
  [[noreturn]] void fail(std::string_view reason) const;

  std::filesystem::path path_, partial_;
  std::string what_;
};

}  // namespace decant
