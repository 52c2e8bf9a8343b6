// A way of decoding of one's own, compiled into a shared object that a program of decant loads: docs/cpp_recipes.md.
//
//   struct Arguments {
//     int rank = 2;
//     Given given;
//   };
//   const Field<Arguments> fields[] = {argument("rank", &Arguments::rank, "of the token that is taken", between(1,
//   100))};
//
//   Task<void> ranked(Run& run, const Arguments& arguments) { ... }
//
//   DECANT_RECIPE(ranked, fields)
//
// Its strategy is a coroutine as those in strategies/, and has all that they have. It comes from the same headers and a
// compiler of the same ABI as the program: what it says of them is compared before anything else of it is looked at.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "options/table.h"
#include "recipes/abi.h"
#include "run/run.h"

namespace decant {

using RecipeArguments = std::vector<std::pair<std::string, std::string>>;  // name and value, as they were given

struct ReadyRecipe {
  StrategyFunction strategy;
  int tried = 0;  // nodes that it evaluates beside the end of its text, at most: there is room for them
};

// What the exported function returns. The first member stays the first one.
struct SharedRecipe {
  const char* abi;
  // Throws Error(usage) for an argument that it does not have, or a value that is none.
  ReadyRecipe (*make)(const RecipeArguments& arguments);
};

template <class Arguments, class Type>
Field<Arguments> argument(std::string_view name, Type Arguments::*member, std::string_view doc, Range range = {}) {
  return {{.name = name, .group = "", .range = range, .doc = doc, .when = ""}, member};
}

// "rank, depth"
template <class Arguments>
std::string argument_names(Fields<Arguments> fields) {
  std::string names;
  for (const Field<Arguments>& field : fields) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

template <class Arguments>
Arguments read_arguments(Fields<Arguments> fields, const RecipeArguments& given) {
  Arguments arguments;
  for (const auto& [name, value] : given) {
    const Field<Arguments>* field = find(fields, name);
    if (!field && fields.empty()) throw Error(ErrorKind::usage, "{}: the recipe has no arguments", name);
    if (!field)
      throw Error(ErrorKind::usage, "{} is no argument of the recipe: it has {}", name, argument_names(fields));
    set(arguments, *field, value);
  }
  check_ranges(fields, arguments);
  return arguments;
}

// For DECANT_RECIPE: with arguments, and without.
template <class Arguments, std::size_t n>
ReadyRecipe make_recipe(const RecipeArguments& given, Task<void> (*run)(Run&, const Arguments&),
                        const Field<Arguments> (&fields)[n], int (*tried)(const Arguments&) = nullptr) {
  const auto arguments = read_arguments(Fields<Arguments>(fields), given);
  // The function lives as long as its coroutine, and so do the arguments in it.
  return {[run, arguments](Run& each) { return run(each, arguments); }, tried ? tried(arguments) : 0};
}

struct NoArguments {
  Given given = {};
};
inline ReadyRecipe make_recipe(const RecipeArguments& given, Task<void> (*run)(Run&)) {
  read_arguments(Fields<NoArguments>(), given);
  return {run, 0};
}

}  // namespace decant

// The one function that a shared object exports: DECANT_RECIPE(run) with a Task<void> run(Run&), or DECANT_RECIPE(run,
// fields) with a Task<void> run(Run&, const Arguments&) and the rows of Arguments, and behind these, where it evaluates
// more nodes than the end of its text, int tried(const Arguments&).
#define DECANT_RECIPE(...)                                                                        \
  extern "C" __attribute__((visibility("default"))) const decant::SharedRecipe* decant_recipe() { \
    constexpr auto make = [](const decant::RecipeArguments& given) -> decant::ReadyRecipe {       \
      return decant::make_recipe(given, __VA_ARGS__);                                             \
    };                                                                                            \
    static const decant::SharedRecipe recipe{DECANT_RECIPE_ABI, make};                            \
    return &recipe;                                                                               \
  }
