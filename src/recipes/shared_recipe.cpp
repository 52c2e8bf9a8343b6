// Tested by tests/install/install_test.py.
#include "recipes/shared_recipe.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <vector>

#include "base/error.h"

namespace decant {
namespace {

namespace fs = std::filesystem;

template <class T>
bool read(std::ifstream& file, T* things, std::size_t n = 1) {
  return static_cast<bool>(file.read(reinterpret_cast<char*>(things), static_cast<std::streamsize>(n * sizeof(T))));
}

// The bytes that an object's own tables speak of; nothing: it is none.
std::optional<std::uint64_t> size_of_object(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header;
  if (!fs::is_regular_file(path) || !read(file, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
    return std::nullopt;
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!file.seekg(static_cast<std::streamoff>(header.e_phoff)) || !read(file, segments.data(), segments.size()))
    return std::nullopt;
  std::uint64_t size = 0;
  for (const Elf64_Phdr& each : segments) {
    if (each.p_type == PT_LOAD) size = std::max(size, each.p_offset + each.p_filesz);
  }
  return size;
}

// What the loader says of another kind of file is about its insides, and reading behind the end of one ends the
// process.
void check_is_object(const fs::path& path) {
  if (!fs::exists(path)) throw Error(ErrorKind::no_input, "there is no recipe {}", path.string());
  const std::optional<std::uint64_t> size = size_of_object(path);
  if (!size) {
    throw Error(ErrorKind::data, "{} is no shared object: build it with -shared -fPIC, as docs/cpp_recipes.md shows",
                path.string());
  }
  if (fs::file_size(path) < *size)
    throw Error(ErrorKind::data, "{} ends after {} bytes of {}: build or copy it again", path.string(),
                fs::file_size(path), *size);
}

// What the dynamic loader said last, without the file's name before it.
std::string loader_error(const fs::path& path) {
  const char* said = dlerror();
  std::string text = said ? said : "no reason is known";
  const std::string name = path.string() + ": ";
  return text.starts_with(name) ? text.substr(name.size()) : text;
}

void* open(const fs::path& path) {
  const fs::path whole = fs::absolute(path);  // a name without a slash would be searched for elsewhere
  void* object = dlopen(whole.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object) return object;
  throw Error(ErrorKind::data, "{} cannot be loaded: {}", path.string(), loader_error(whole));
}

Task<void> only_errors(Run& run, StrategyFunction strategy, std::string name) {
  try {
    co_await strategy(run);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // which has a sentence of its own
  } catch (const std::exception& error) {
    throw Error(ErrorKind::data, "the recipe {} failed: {}", name, error.what());
  } catch (...) {
    throw Error(ErrorKind::data, "the recipe {} failed with an exception that is no std::exception", name);
  }
}

}  // namespace

bool is_shared_recipe(const fs::path& path) { return path.extension() == ".so"; }

ReadyRecipe load_shared_recipe(const fs::path& path, const RecipeArguments& arguments) {
  check_is_object(path);
  using Function = const SharedRecipe* (*)();
  const auto function = reinterpret_cast<Function>(dlsym(open(path), "decant_recipe"));
  if (!function) {
    throw Error(ErrorKind::data,
                "{} is no recipe: it does not export decant_recipe(), which DECANT_RECIPE(...) defines", path.string());
  }
  const SharedRecipe& recipe = *function();
  if (std::strcmp(recipe.abi, DECANT_RECIPE_ABI) != 0) {
    throw Error(ErrorKind::unavailable,
                "{} was built for decant {}, and this is decant {}: build it again with the headers of this one",
                path.string(), recipe.abi, DECANT_RECIPE_ABI);
  }
  try {
    ReadyRecipe ready = recipe.make(arguments);
    ready.strategy = [strategy = std::move(ready.strategy), name = path.string()](Run& run) {
      return only_errors(run, strategy, name);
    };
    return ready;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::data, "the recipe {} failed: {}", path.string(), error.what());
  }
}

}  // namespace decant
