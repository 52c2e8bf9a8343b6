// Where options come from besides flags. The first of these that says something of an option has it:
//
//   a flag
//   the environment              DECANT_TEMPERATURE=0.7: any option of decant run, in capitals
//   a file of one's own          $DECANT_CONFIG, else $XDG_CONFIG_HOME/decant/config.yaml, else
//   ~/.config/decant/config.yaml
//   --generation-config          FILE, Hugging Face's generation_config.json; or the word model: the GGUF file's own
//                                sampling keys (general.sampling.*). The two sources above may name it too
//   built-in
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/generation_config.h"
#include "options/model_options.h"

namespace decant {

class Flags;

struct Sources {
  std::optional<std::string> generation_config = {}, save_config = {};
  bool no_config = false;
  std::vector<std::string_view> only_flags = {};  // options that mean something else to the command: 512 new tokens are
                                                  // as many steps of decant inspect
};

using Origins = std::map<std::string, std::string, std::less<>>;  // by option; none: built-in

void add_source_flags(Flags& flags, Sources& sources, GenerationConfig& config, ModelOptions& model);
void add_source_flags(Flags& flags, Sources& sources, ModelOptions& model);  // where no text is generated at once

// Sets what flags have left, and writes the file of --save-config. Throws Error for what a source says wrongly.
Origins take_from_sources(const Sources& sources, GenerationConfig& config, ModelOptions& model, bool quiet);

// The same for the model's options alone.
void take_from_sources(const Sources& sources, ModelOptions& model, bool quiet);

}  // namespace decant
