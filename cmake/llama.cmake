# The pinned libllama: the vendor/llama.cpp folder of the llama-cpp-python source package, fetched by pip, hash checked.
# -DDECANT_LLAMA_SOURCE=DIR builds another checkout instead.
set(DECANT_LLAMA_SOURCE "" CACHE PATH "A llama.cpp checkout to build instead of the pinned one")
set(DECANT_LLAMA_VERSION 0.3.36)
set(DECANT_LLAMA_SHA256 832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e)

function(decant_fetch_llama dir)  # fills dir with the llama.cpp tree
  set(archive ${CMAKE_SOURCE_DIR}/build/deps/llama_cpp_python-${DECANT_LLAMA_VERSION}.tar.gz)
  if(NOT EXISTS ${archive})
    message(STATUS "Fetching the libllama source (77 MB) with pip")
    set(python python3)
    if(Python_EXECUTABLE)  # the one that a wheel is made for
      set(python ${Python_EXECUTABLE})
    endif()
    execute_process(
      COMMAND ${python} -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python
              --dest ${CMAKE_SOURCE_DIR}/build/deps/incoming llama-cpp-python==${DECANT_LLAMA_VERSION}
      RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "pip could not download llama-cpp-python==${DECANT_LLAMA_VERSION}: see its message above, "
                          "or pass -DDECANT_LLAMA_SOURCE=DIR with a llama.cpp checkout")
    endif()
    file(SHA256 ${CMAKE_SOURCE_DIR}/build/deps/incoming/llama_cpp_python-${DECANT_LLAMA_VERSION}.tar.gz found)
    if(NOT found STREQUAL DECANT_LLAMA_SHA256)
      file(REMOVE_RECURSE ${CMAKE_SOURCE_DIR}/build/deps/incoming)
      message(FATAL_ERROR "llama-cpp-python==${DECANT_LLAMA_VERSION} has sha256 ${found}, "
                          "expected ${DECANT_LLAMA_SHA256}: the download is damaged or not the pinned package")
    endif()
    file(RENAME ${CMAKE_SOURCE_DIR}/build/deps/incoming/llama_cpp_python-${DECANT_LLAMA_VERSION}.tar.gz ${archive})
    file(REMOVE_RECURSE ${CMAKE_SOURCE_DIR}/build/deps/incoming)
  endif()
  set(partial ${dir}.partial)  # unpacked beside its final name, so that an interrupted run leaves no half a tree
  file(REMOVE_RECURSE ${partial})
  file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${partial} PATTERNS "*/vendor/llama.cpp/*")
  file(RENAME ${partial}/llama_cpp_python-${DECANT_LLAMA_VERSION}/vendor/llama.cpp ${dir})
  file(REMOVE_RECURSE ${partial})
endfunction()

if(NOT DECANT_LLAMA_SOURCE)
  set(llama_dir ${CMAKE_SOURCE_DIR}/build/deps/llama.cpp-${DECANT_LLAMA_VERSION})
  if(NOT EXISTS ${llama_dir}/CMakeLists.txt)
    decant_fetch_llama(${llama_dir})
  endif()
else()
  set(llama_dir ${DECANT_LLAMA_SOURCE})
endif()

foreach(part COMMON TOOLS EXAMPLES TESTS SERVER APP UI)
  set(LLAMA_BUILD_${part} OFF CACHE BOOL "" FORCE)
endforeach()
set(LLAMA_ALL_WARNINGS OFF CACHE BOOL "" FORCE)
set(GGML_ALL_WARNINGS OFF CACHE BOOL "" FORCE)
set(LLAMA_OPENSSL OFF CACHE BOOL "" FORCE)
set(BUILD_SHARED_LIBS OFF CACHE BOOL "" FORCE)
set(GGML_OPENMP OFF CACHE BOOL "" FORCE)  # ggml's own thread pool: no second runtime, and ThreadSanitizer understands it
set(GGML_CCACHE OFF CACHE BOOL "" FORCE)
add_subdirectory(${llama_dir} ${CMAKE_BINARY_DIR}/llama.cpp EXCLUDE_FROM_ALL SYSTEM)

# Graphs are built and models described once: -O1, and their headers compiled once. What loops over cells and merges
# keeps -O3. Nothing of the tree is changed.
set_source_files_properties(${llama_dir}/src/llama-kv-cache.cpp ${llama_dir}/src/llama-vocab.cpp
  TARGET_DIRECTORY llama PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O3> SKIP_PRECOMPILE_HEADERS ON)
decant_cold(llama)
if(EXISTS ${llama_dir}/src/models/models.h)  # another checkout may have none
  target_precompile_headers(llama PRIVATE ${llama_dir}/src/models/models.h)
endif()

# The pieces of its tree that we use besides the library: JSON, SHA-256, and the Jinja engine for chat templates.
add_library(llama_extras STATIC EXCLUDE_FROM_ALL
  ${llama_dir}/common/jinja/lexer.cpp ${llama_dir}/common/jinja/parser.cpp ${llama_dir}/common/jinja/runtime.cpp
  ${llama_dir}/common/jinja/value.cpp ${llama_dir}/common/jinja/string.cpp ${llama_dir}/common/jinja/caps.cpp
  ${llama_dir}/common/json.cpp ${llama_dir}/common/unicode.cpp
  ${llama_dir}/vendor/hash/hash.cpp ${llama_dir}/vendor/hash/sha256/sha256.c)
if(DECANT_FUZZ)  # {{ 8 % 0 }} is a NaN made an integer there: some number, where Python refuses
  target_compile_options(llama_extras PRIVATE -fno-sanitize=float-cast-overflow)
endif()
target_include_directories(llama_extras SYSTEM PUBLIC ${llama_dir}/common ${llama_dir}/vendor ${llama_dir}/src
                           PRIVATE ${llama_dir}/vendor/hash ${llama_dir}/ggml/include ${llama_dir}/include)
target_compile_options(llama_extras PRIVATE -w)
decant_cold(llama_extras)

add_library(libllama INTERFACE)
target_include_directories(libllama SYSTEM INTERFACE ${llama_dir}/include ${llama_dir}/ggml/include)
target_link_libraries(libllama INTERFACE llama llama_extras)
