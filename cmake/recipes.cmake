# Recipes in shared objects: who loads them and the header that they come from know for which decant they were built.
file(GLOB headers CONFIGURE_DEPENDS src/*/*.h)
set(recipe_abi ${CMAKE_BINARY_DIR}/generated/recipes/abi.h)
add_custom_command(OUTPUT ${recipe_abi} DEPENDS ${headers} ${CMAKE_SOURCE_DIR}/cmake/recipe_abi.cmake
  COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION} -DROOT=${CMAKE_SOURCE_DIR}/src -DOUTPUT=${recipe_abi}
          -P ${CMAKE_SOURCE_DIR}/cmake/recipe_abi.cmake
  COMMENT "Hashing the headers of recipes")
target_sources(decant_recipes PRIVATE ${recipe_abi})
target_include_directories(decant_recipes PUBLIC ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(decant_recipes PUBLIC ${CMAKE_DL_LIBS})
