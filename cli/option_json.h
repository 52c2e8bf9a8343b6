// Options of a generation as JSON, with Hugging Face's names: what generation_config.json has.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "options/generation_config.h"

namespace decant {

// {"temperature":0.7,...}: those that were set.
void write_set_options(JsonWriter& json, const GenerationConfig& config);

// Sets those of a JSON object for which `wanted` holds, null being none; returns the names of those that there are not.
// Throws Error(data) for what is no object, Error(usage) for a value that cannot be; `name` is the file's.
std::vector<std::string> set_options(
    GenerationConfig& config, std::string_view json, const std::string& name,
    const std::function<bool(const GenerationConfig&, const Field<GenerationConfig>&)>& wanted);
inline bool any_option(const GenerationConfig&, const Field<GenerationConfig>&) { return true; }

}  // namespace decant
