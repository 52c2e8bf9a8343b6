// A recipe of the user's: in Python (docs/recipes.md), decoded by a Python that has decant, in this process's place; or
// a shared object (docs/cpp_recipes.md), in this process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "recipes/recipe.h"

namespace decant {

class Flags;

struct RecipeOptions {
  std::optional<std::string> source;   // a folder, hf:USER/REPO or FILE.so
  std::vector<std::string> arguments;  // NAME=VALUE, for the recipe
  bool trust_remote_code = false;
};

void add_recipe_flags(Flags& flags, RecipeOptions& options);

// Nothing where none was asked for, or one in Python. Throws Error for one that cannot be carried out.
std::optional<ReadyRecipe> shared_recipe(const RecipeOptions& options);

enum class RecipeOutput { text, json, trace };

// Python goes on from here, with standard output, signals and exit code. Throws Error: what read_prompt() throws, and
// unavailable where there is no Python.
[[noreturn]] void run_recipe(const RecipeOptions& recipe, const SessionOptions& session, const GenerationConfig& config,
                             RecipeOutput output, const std::optional<std::string>& html);

}  // namespace decant
