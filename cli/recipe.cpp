// Tested by tests/python/command_test.py and tests/install/install_test.py.
#include "cli/recipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/memory_file.h"
#include "cli/flags.h"
#include "drafters/drafter.h"
#include "options/table.h"
#include "recipes/shared_recipe.h"

namespace decant {
namespace {

constexpr const char* kProgram = R"(import sys
try:
    from decant import recipes
except ImportError as error:
    sys.stderr.write(f"decant: {sys.executable} has no decant to run a recipe with ({error}): pip install it there, or name another Python with DECANT_PYTHON\n")
    sys.exit(69)
sys.exit(recipes.from_command_line())
)";

// The options that were given, each as it stands in its row.
template <class Options>
void write_given(JsonWriter& json, Fields<Options> table, const Options& options) {
  json.begin_object();
  for (const Field<Options>& field : table) {
    if (!is_given(options, field)) continue;
    json.key(field.name);
    write_json(json, value_of(options, field));
  }
  json.end_object();
}

RecipeArguments arguments_of(const RecipeOptions& options) {
  RecipeArguments arguments;
  for (const std::string& argument : options.arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == 0 || equals == argument.npos)
      throw Error(ErrorKind::usage, "--recipe-arg is '{}': it must be NAME=VALUE", argument);
    arguments.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  return arguments;
}

std::string_view name_of(RecipeOutput output) {
  return output == RecipeOutput::json ? "json" : output == RecipeOutput::trace ? "trace" : "text";
}

}  // namespace

void add_recipe_flags(Flags& flags, RecipeOptions& options) {
  flags
      .own("--custom-generate,--custom_generate,--recipe", options.source,
           "decodes with generate() of a Python file, or a shared object of C++")
      .type("DIR|hf:USER/REPO|FILE.so")
      .group("Recipes");
  flags.own("--recipe-arg,--recipe_arg", options.arguments, "an argument of the recipe; may be repeated")
      .type("NAME=VALUE")
      .group("Recipes");
  flags.own("--trust-remote-code,--trust_remote_code", options.trust_remote_code, "a recipe of somebody else's may run")
      .group("Recipes");
}

void check_recipe(const RecipeOptions& recipe, const GenerationConfig& config) {
  if (!recipe.source && (!recipe.arguments.empty() || recipe.trust_remote_code)) {
    throw Error(ErrorKind::usage, "{} does nothing without --custom-generate",
                recipe.arguments.empty() ? "--trust-remote-code" : "--recipe-arg");
  }
  if (recipe.source && is_shared_recipe(*recipe.source) && !drafters_of(config).empty())
    throw Error(ErrorKind::usage,
                "a recipe writes its own tokens, and nobody guesses them: drop --recipe or what drafts");
}

std::optional<ReadyRecipe> shared_recipe(const RecipeOptions& options) {
  if (!options.source || !is_shared_recipe(*options.source)) return std::nullopt;
  return load_shared_recipe(*options.source, arguments_of(options));
}

std::optional<ReadyRecipe> only_shared_recipe(const RecipeOptions& options, std::string_view command) {
  if (options.source && !is_shared_recipe(*options.source)) {
    throw Error(ErrorKind::usage, "decant {} takes recipes in C++, FILE.so: decant run has {}, which is in Python",
                command, *options.source);
  }
  return shared_recipe(options);
}

std::string recipe_name(const RecipeOptions& options) { return std::filesystem::path(*options.source).stem().string(); }

void run_recipe(const RecipeOptions& recipe, const SessionOptions& session, const GenerationConfig& config,
                RecipeOutput output, const std::optional<std::string>& html) {
  JsonWriter json;
  json.begin_object();
  json.field("recipe", std::string_view(*recipe.source)).field("trust_remote_code", recipe.trust_remote_code);
  json.key("arguments").begin_object();
  for (const auto& [name, value] : arguments_of(recipe)) json.field(name, std::string_view(value));
  json.end_object();
  json.field("prompt", std::string_view(read_prompt(session.prompt)));
  if (session.prompt.system) json.field("system", std::string_view(*session.prompt.system));
  json.field("chat_template", !session.prompt.no_chat_template).field("parse_special", session.prompt.parse_special);
  write_given(json.key("options"), generation_fields(), config);
  write_given(json.key("model"), model_fields(), session.model);
  json.field("output", name_of(output));
  if (html) json.field("html", std::string_view(*html));
  json.end_object();

  MemoryFile file("recipe");
  file.append(json.text());
  const int input = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0 || dup2(input, STDIN_FILENO) < 0)
    throw Error(ErrorKind::io, "the recipe could not be handed to Python: {}", std::strerror(errno));
  const char* named = std::getenv("DECANT_PYTHON");
  const std::string python = named && *named ? named : "python3";
  const std::array<const char*, 4> arguments = {python.c_str(), "-c", kProgram, nullptr};
  execvp(python.c_str(), const_cast<char* const*>(arguments.data()));
  throw Error(ErrorKind::unavailable,
              "a recipe needs Python, and there is no {}: name one that has decant with DECANT_PYTHON", python);
}

}  // namespace decant
