# ccache where it is installed, unless a launcher is set already. A fresh build gains nothing by it; a second clone, a branch
# that was built before and a removed build folder do.
find_program(DECANT_CCACHE ccache)
mark_as_advanced(DECANT_CCACHE)
if(DECANT_CCACHE)
  foreach(language C CXX)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      # BASEDIR: paths count from the clone, so that clones share. SLOPPINESS: compiled headers ask for both. DEPEND: a miss
      # does not run the preprocessor once more.
      set(CMAKE_${language}_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_DEPEND=1
        CCACHE_SLOPPINESS=pch_defines,time_macros ${DECANT_CCACHE})
    endif()
  endforeach()
endif()
