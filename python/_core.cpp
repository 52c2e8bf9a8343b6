// The Python module decant._core: the engine and what it says, as the package's Python files (python/decant/) use it.
// Thin: no option, no strategy and no check of one is here; they come from the tables.
//
// Whatever waits does so without the interpreter's lock, and looks for Ctrl-C twenty times a second.
#include <nanobind/nanobind.h>

#include "base/error.h"
#include "llama/library.h"
#include "python/bindings.h"

namespace nb = nanobind;

namespace decant {
namespace {

const char* kind_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::data:
      return "data";
    case ErrorKind::no_input:
      return "no_input";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::internal:
      return "internal";
    case ErrorKind::io:
      return "io";
  }
  return "internal";
}

void raise(const std::exception_ptr& error, void*) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    try {
      const nb::object made = nb::module_::import_("decant.errors").attr("made")(kind_of(e), e.what());
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    } catch (nb::python_error& failed) {
      failed.restore();
    }
  }
}

}  // namespace
}  // namespace decant

NB_MODULE(_core, module) {
  nb::set_leak_warnings(false);  // of objects that the interpreter leaves alive when it ends
  nb::register_exception_translator(decant::raise);
  module.attr("version") = DECANT_VERSION;
  decant::bind_options(module);
  decant::bind_model(module);
  decant::bind_run(module);
}
