# Our kernels for ggml's CPU backend. Files that end in the name of an instruction set are compiled for it and chosen when
# the program runs; the rest runs everywhere. No multiplication is fused with an addition but where the code says so.
decant_library(kernels DEPENDS decant_base ggml)
target_include_directories(decant_kernels SYSTEM PRIVATE ${llama_dir}/ggml/src ${llama_dir}/ggml/src/ggml-cpu)
set_target_properties(decant_kernels PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)  # instruction sets; and few headers
set(optimisation -O3)
if(DECANT_SANITIZE)
  set(optimisation -O1)  # which takes a minute to compile, not ten
endif()
target_compile_options(decant_kernels PRIVATE ${optimisation} -ffp-contract=off)

function(decant_compile_for suffix)
  file(GLOB sources CONFIGURE_DEPENDS src/kernels/*_${suffix}.cpp)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${ARGN}")
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  decant_compile_for(avx2 -mavx2 -mfma -mf16c)
  decant_compile_for(avx_vnni -mavx2 -mfma -mf16c -mavxvnni)
  set(avx512 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512vl -mavx512vnni)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # it warns of its own intrinsics (its bug 105593)
    list(APPEND avx512 -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
  decant_compile_for(avx512 ${avx512})
  decant_compile_for(avx512_bf16 ${avx512} -mavx512bf16)
  if(NOT DECANT_SANITIZE)  # plain C++, which few x86 machines run: -O3 takes 19 s to compile, -O2 8;
                           # Q4_0 ran 6% faster, Q8_0 6% slower
    set_source_files_properties(src/kernels/multiply.cpp PROPERTIES COMPILE_OPTIONS -O2)
  endif()
else()
  get_target_property(sources decant_kernels SOURCES)
  list(FILTER sources EXCLUDE REGEX "_(avx2|avx_vnni|avx512|avx512_bf16)\\.cpp$")
  set_target_properties(decant_kernels PROPERTIES SOURCES "${sources}")
endif()
