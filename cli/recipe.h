// A recipe of the user's: in Python (docs/recipes.md), decoded by a Python that has decant, in this process's place; or
// a shared object (docs/cpp_recipes.md), in this process.
#pragma once

#include <optional>
#include <string>
#include <string_view>
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

// Throws Error(usage) for what belongs to a recipe without one, and for options that do nothing beside it.
void check_recipe(const RecipeOptions& recipe, const GenerationConfig& config);

// Nothing where none was asked for, or one in Python. Throws Error for one that cannot be carried out.
std::optional<ReadyRecipe> shared_recipe(const RecipeOptions& options);

// The same for a command that goes on in this process: one in Python is an Error(usage).
std::optional<ReadyRecipe> only_shared_recipe(const RecipeOptions& options, std::string_view command);

std::string recipe_name(const RecipeOptions& options);  // REQUIRES: one was asked for

enum class RecipeOutput { text, json, trace };

// Python goes on from here, with standard output, signals and exit code. Throws Error: what read_prompt() throws, and
// unavailable where there is no Python.
[[noreturn]] void run_recipe(const RecipeOptions& recipe, const SessionOptions& session, const GenerationConfig& config,
                             RecipeOutput output, const std::optional<std::string>& html);

}  // namespace decant
