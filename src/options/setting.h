// A setting: options as one text, to be compared with other settings. "temperature=0.3", "name: top_k=10 top_p=0.9".
#pragma once

#include <string>
#include <string_view>

#include "options/generation_config.h"

namespace decant {

struct Setting {
  std::string label;  // the name before the colon, or the text itself
  GenerationConfig config;
};

// The options of `base` with those of the text over them. Options are separated by blanks, commas or semicolons; what
// is not followed by another option's name belongs to the value ("stop_token_ids=1,2"). A list replaces the one of
// `base`. Throws Error(usage).
Setting parse_setting(std::string_view text, const GenerationConfig& base);

// Whether the text begins like one: an option's name and "=".
bool looks_like_setting(std::string_view text);

}  // namespace decant
