# Third-party libraries: the system's package when there is one, else the pinned source.
include(FetchContent)
set(FETCHCONTENT_QUIET ON)

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
