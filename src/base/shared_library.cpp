#include "base/shared_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace decant {

SharedLibrary::SharedLibrary(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if ((handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL))) return;
  }
}

void* SharedLibrary::find(const char* name) const {
  if (void* const function = handle_ ? dlsym(handle_, name) : nullptr) return function;
  throw Error(ErrorKind::unavailable, "a library of the system is too old: it has no {}", name);
}

}  // namespace decant
