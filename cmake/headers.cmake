# Headers that many files read, compiled once. Every file still names what it uses: -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
# builds without any of this. A compiled header serves one set of flags only: GCC 12 crashes where another -O goes on from it.
set(standard_headers
  <algorithm> <array> <chrono> <cmath> <cstdint> <cstring> <filesystem> <functional> <limits> <map> <memory> <numeric>
  <optional> <set> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)

# For code that runs once a command, a request, a model or a graph: a third less to compile.
function(decant_cold target)
  target_compile_options(${target} PRIVATE $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)  # GCC 12 with -O1 warns of its own strings
endfunction()

# decant_headers(NAME [COLD] [LINKS ...] [HEADERS ...]): the standard ones and these, for targets that REUSE_FROM it.
function(decant_headers name)
  cmake_parse_arguments(ARG "COLD" "" "HEADERS;LINKS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Nothing: it is there for its headers.\n")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} decant_warnings)
  target_precompile_headers(${name} PRIVATE ${standard_headers} ${ARG_HEADERS})
  if(ARG_COLD)
    decant_cold(${name})
  endif()
endfunction()

decant_headers(decant_headers LINKS static_fmt)
decant_headers(decant_cold_headers COLD LINKS static_fmt nlohmann_json::nlohmann_json HEADERS <nlohmann/json.hpp>)
