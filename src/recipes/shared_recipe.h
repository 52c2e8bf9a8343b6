// A recipe (recipes/recipe.h) in a shared object, loaded into this process.
#pragma once

#include <filesystem>

#include "recipes/recipe.h"

namespace decant {

// Of what a user named: whether it is to be loaded as one.
bool is_shared_recipe(const std::filesystem::path& path);

// The strategy throws Errors only, and stays valid as long as the process: nothing is unloaded. Throws Error: no_input
// for a file that is not there, data for one that is no recipe, unavailable for one that was built for another decant,
// and usage for arguments that it does not have. Loading runs code of the file.
ReadyRecipe load_shared_recipe(const std::filesystem::path& path, const RecipeArguments& arguments);

}  // namespace decant
