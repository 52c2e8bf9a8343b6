# Third-party libraries: the system's package when there is one, else the pinned source.
include(FetchContent)
set(FETCHCONTENT_QUIET ON)

# Said before anything is fetched, as a fetch that fails says less.
function(decant_check_installed)
  set(missing "")
  set(packages "")
  foreach(each ${ARGN})
    string(REPLACE ":" ";" each ${each})
    list(GET each 0 name)
    list(GET each 1 version)
    list(GET each 2 package)
    find_package(${name} ${version} QUIET)
    if(NOT ${name}_FOUND)
      list(APPEND missing ${name})
      list(APPEND packages ${package})
    endif()
  endforeach()
  list(JOIN packages " " packages)
  list(JOIN missing ", " names)
  if("Boost" IN_LIST missing)
    message(FATAL_ERROR "decant needs the headers of ${names}: apt-get install ${packages} (Debian 12), or their "
                        "counterparts on your system")
  elseif(missing)
    message(NOTICE "decant: ${names} will be fetched from GitHub. Where that fails: apt-get install ${packages} (Debian 12)")
  endif()
endfunction()
if(DECANT_WITH_LLAMA)
  decant_check_installed(Boost:1.81:libboost1.81-dev fmt:9:libfmt-dev CLI11:2:libcli11-dev yaml-cpp:0.7:libyaml-cpp-dev
    nlohmann_json:3.11:nlohmann-json3-dev)
endif()

FetchContent_Declare(fmt GIT_REPOSITORY https://github.com/fmtlib/fmt GIT_TAG 9.1.0
                     FIND_PACKAGE_ARGS 9 NAMES fmt)
FetchContent_Declare(CLI11 GIT_REPOSITORY https://github.com/CLIUtils/CLI11 GIT_TAG v2.1.2
                     FIND_PACKAGE_ARGS 2 NAMES CLI11)
FetchContent_Declare(yaml-cpp GIT_REPOSITORY https://github.com/jbeder/yaml-cpp GIT_TAG yaml-cpp-0.7.0
                     FIND_PACKAGE_ARGS NAMES yaml-cpp)
FetchContent_Declare(nlohmann_json GIT_REPOSITORY https://github.com/nlohmann/json GIT_TAG v3.11.2
                     FIND_PACKAGE_ARGS 3.11 NAMES nlohmann_json)
set(JSON_BuildTests OFF CACHE INTERNAL "")
FetchContent_MakeAvailable(fmt nlohmann_json)
if(DECANT_WITH_LLAMA)
  set(YAML_CPP_BUILD_TOOLS OFF CACHE BOOL "" FORCE)
  set(YAML_CPP_BUILD_TESTS OFF CACHE BOOL "" FORCE)
  FetchContent_MakeAvailable(CLI11 yaml-cpp)
  find_package(CURL REQUIRED)  # headers only, too: src/hub/http.cpp
endif()
find_package(Boost 1.81 QUIET)  # Asio and Beast, headers only: the system's package; of the server and its tests
find_package(OpenSSL 3 QUIET)   # decant serve without TLS where there is none
if(DECANT_WITH_LLAMA AND NOT Boost_FOUND)
  message(FATAL_ERROR "Boost 1.81 is missing: install libboost1.81-dev")
endif()

# What we build is to run where these are not installed, so static libraries of them are linked where there are any. Debian's
# fmt has none: what its headers declare is compiled here.
get_target_property(fmt_type fmt::fmt TYPE)
if(fmt_type STREQUAL SHARED_LIBRARY AND fmt_VERSION VERSION_LESS 10)
  add_library(static_fmt STATIC cmake/fmt.cpp)
  get_target_property(fmt_definitions fmt::fmt INTERFACE_COMPILE_DEFINITIONS)
  target_compile_definitions(static_fmt PUBLIC ${fmt_definitions})
  get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(static_fmt SYSTEM PUBLIC ${fmt_include})
else()
  add_library(static_fmt INTERFACE)
  target_link_libraries(static_fmt INTERFACE fmt::fmt)
endif()
if(DECANT_WITH_LLAMA)
  find_library(yaml_archive libyaml-cpp.a)
  mark_as_advanced(yaml_archive)
  get_target_property(yaml_type yaml-cpp TYPE)
  if(yaml_type STREQUAL SHARED_LIBRARY AND yaml_archive)
    add_library(static_yaml STATIC IMPORTED)
    get_target_property(yaml_include yaml-cpp INTERFACE_INCLUDE_DIRECTORIES)
    set_target_properties(static_yaml PROPERTIES IMPORTED_LOCATION ${yaml_archive}
      INTERFACE_INCLUDE_DIRECTORIES ${yaml_include})
  else()
    add_library(static_yaml INTERFACE)
    target_link_libraries(static_yaml INTERFACE yaml-cpp)
  endif()
endif()

if(DECANT_TESTS)
  FetchContent_Declare(googletest GIT_REPOSITORY https://github.com/google/googletest GIT_TAG release-1.12.1
                       FIND_PACKAGE_ARGS 1.12 NAMES GTest)
  FetchContent_MakeAvailable(googletest)
  find_package(rapidcheck REQUIRED)  # no releases to pin: the system's package only
endif()
if(DECANT_BENCH)
  FetchContent_Declare(benchmark GIT_REPOSITORY https://github.com/google/benchmark GIT_TAG v1.7.1
                       FIND_PACKAGE_ARGS 1.7 NAMES benchmark)
  FetchContent_MakeAvailable(benchmark)
endif()
