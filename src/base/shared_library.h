// A library of the system that is opened when it is first needed: a program starts without what it rarely uses, and
// runs where that is not installed.
#pragma once

#include <initializer_list>

namespace decant {

class SharedLibrary {
 public:
  // The first of these names that can be opened. It stays open: libraries have threads and handlers of their own.
  SharedLibrary(std::initializer_list<const char*> names);

  explicit operator bool() const { return handle_ != nullptr; }

  // A function by its name, as its header declares it: function<decltype(&curl_easy_init)>("curl_easy_init"). Throws
  // Error(unavailable) if this version of the library has none.
  template <class Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(find(name));
  }

 private:
  void* find(const char* name) const;
  void* handle_ = nullptr;
};

}  // namespace decant
