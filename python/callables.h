// Functions of Python that the engine calls while it decodes: on its own thread, with the interpreter's lock. What they
// throw ends their request and no other.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "processors/processor.h"

namespace decant {

// `call`: (ids, scores) -> scores, arrays of one dimension (decant/callables.py makes it of whatever the user has).
std::shared_ptr<const Processor> python_processor(std::string name, nanobind::object call);

// `call`: (ids) -> the ids that may follow.
std::function<std::vector<int>(std::span<const int>)> python_allowed_tokens(nanobind::object call);

}  // namespace decant
