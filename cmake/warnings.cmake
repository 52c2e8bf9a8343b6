# Warnings and sanitizers for our own targets; third-party code is compiled as its authors ship it.
add_library(decant_warnings INTERFACE)
target_compile_options(decant_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(DECANT_WERROR)
  target_compile_options(decant_warnings INTERFACE -Werror)
endif()
if(DECANT_SANITIZE)
  add_compile_options(-fsanitize=${DECANT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DECANT_SANITIZE})
  add_compile_definitions(DECANT_SANITIZED)
endif()
if(DECANT_FUZZ)  # whatever is fed says which of its branches were taken
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
