// A sweep described in YAML:
//
//   prompts: ["The sky is", "A cat is"]       # or prompts_file: FILE
//   options: {max_new_tokens: 64}                            # the same for all points
//   settings: ["greedy:", "beams: num_beams=4"]             # if any
//   grid:
//     penalty_alpha: [0.1, 0.5, 0.9]
//     top_k: [2, 5, 50]
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/grid.h"

namespace decant {

struct GridFile {
  std::vector<std::string> prompts = {};
  std::optional<std::string> prompts_file = {};
  std::vector<std::pair<const OptionField*, std::vector<std::string>>> options = {};
  std::vector<std::string> settings = {};
  std::vector<Axis> axes = {};
};

// Throws Error: no_input for a file that cannot be read, data for one that is no such description, usage for options
// that do not exist.
GridFile read_grid_file(const std::string& path);
GridFile parse_grid_file(const std::string& text, const std::string& path);

}  // namespace decant
