# The Python module decant._core, and the package around it in the build folder, for tests: PYTHONPATH=build/release/python.
set(components Interpreter Development.Module)
if(SKBUILD_SABI_COMPONENT)
  list(APPEND components ${SKBUILD_SABI_COMPONENT})  # a wheel for all Pythons from 3.12 on
endif()
find_package(Python 3.9 REQUIRED COMPONENTS ${components})
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_VARIABLE nanobind_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
find_package(nanobind CONFIG)
if(NOT nanobind_FOUND)
  message(FATAL_ERROR "${Python_EXECUTABLE} has no nanobind: pip install nanobind into it, or name another with "
                      "-DPython_EXECUTABLE, or switch DECANT_PYTHON off")
endif()

file(GLOB python_sources CONFIGURE_DEPENDS python/*.cpp)
nanobind_add_module(decant_python STABLE_ABI NB_STATIC NOMINSIZE NB_SUPPRESS_WARNINGS ${python_sources})
target_include_directories(decant_python PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(decant_python PRIVATE DECANT_VERSION="${PROJECT_VERSION}")
target_link_libraries(decant_python PRIVATE decant_cli decant_warnings)
target_link_options(decant_python PRIVATE -Wl,--exclude-libs,ALL)  # what is below stays below: another ggml may be loaded
decant_cold(decant_python)
set(python_package ${CMAKE_BINARY_DIR}/python/decant)
set_target_properties(decant_python PROPERTIES OUTPUT_NAME _core LIBRARY_OUTPUT_DIRECTORY ${python_package})
add_dependencies(decant_python decant)

# scripts/sanitize_python.sh: the same module, and what its requests, runs and nodes are below, under AddressSanitizer.
file(GLOB watched_sources CONFIGURE_DEPENDS src/engine/*.cpp src/run/*.cpp src/tree/*.cpp)
nanobind_add_module(decant_python_asan NB_STATIC NOMINSIZE NB_SUPPRESS_WARNINGS ${python_sources} ${watched_sources})
target_include_directories(decant_python_asan PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(decant_python_asan PRIVATE DECANT_VERSION="${PROJECT_VERSION}")
target_link_libraries(decant_python_asan PRIVATE decant_cli decant_warnings)
target_compile_options(decant_python_asan PRIVATE -fsanitize=address -fno-omit-frame-pointer)
target_link_options(decant_python_asan PRIVATE -fsanitize=address -Wl,--exclude-libs,ALL)
decant_cold(decant_python_asan)
set_target_properties(decant_python_asan PROPERTIES OUTPUT_NAME _core EXCLUDE_FROM_ALL TRUE EXPORT_COMPILE_COMMANDS FALSE
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/python_asan/decant)

file(MAKE_DIRECTORY ${python_package})
file(GLOB_RECURSE package_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/python/decant python/decant/*.py
     python/decant/*.pyi python/decant/py.typed)
foreach(file ${package_files})
  get_filename_component(folder ${file} DIRECTORY)
  file(MAKE_DIRECTORY ${python_package}/${folder})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/python/decant/${file} ${python_package}/${file} SYMBOLIC)
endforeach()
file(CREATE_LINK ${CMAKE_BINARY_DIR}/decant ${python_package}/decant SYMBOLIC)

install(TARGETS decant_python LIBRARY DESTINATION decant COMPONENT python)
install(TARGETS decant RUNTIME DESTINATION decant COMPONENT python)
