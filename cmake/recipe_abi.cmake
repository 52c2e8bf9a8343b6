# cmake -DVERSION= -DROOT= -DOUTPUT= -P recipe_abi.cmake: the header that says for which decant a recipe was built
# (src/recipes/recipe.h): its version, and a hash of all headers that a recipe can read, as objects agree only if these do.
file(GLOB headers LIST_DIRECTORIES false RELATIVE ${ROOT} ${ROOT}/*/*.h)
list(SORT headers)
set(all "")
foreach(header ${headers})
  file(SHA256 ${ROOT}/${header} hash)
  string(APPEND all "${header} ${hash}\n")
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 8 hash)
string(CONFIGURE [[
// Made by cmake/recipe_abi.cmake.
#pragma once

#define DECANT_RECIPE_ABI "@VERSION@ (headers @hash@)"
]] text @ONLY)
file(WRITE ${OUTPUT} "${text}")
