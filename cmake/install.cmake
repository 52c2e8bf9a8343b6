# cmake --install: the program, libdecant.so with all that it needs of libllama and ggml in it, the headers, and the CMake
# package. Of each name only `decant::*` is visible from outside: to who links the library, and to recipes that the program
# loads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# All of their objects, as those who come later may ask for what nobody has asked for yet. (Linked whole by name they would
# be there twice, where a library with rows depends on them.)
function(decant_open target)
  foreach(library ${ARGN})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${library}>)
    target_link_libraries(${target} PRIVATE ${library})
  endforeach()
endfunction()
set(open_libraries decant_base decant_numerics decant_options decant_model decant_tree decant_run decant_engine decant_recipes)

decant_open(decant ${open_libraries})
set(exported ${CMAKE_SOURCE_DIR}/cmake/exported)
target_link_options(decant PRIVATE -Wl,--dynamic-list=${exported}.list)
set_property(TARGET decant APPEND PROPERTY LINK_DEPENDS ${exported}.list)

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/library.cpp CONTENT "// Nothing: libdecant.so is made of other libraries.\n")
add_library(decant_shared SHARED ${CMAKE_BINARY_DIR}/generated/library.cpp)
decant_open(decant_shared ${open_libraries} decant_files decant_hub decant_llama)
target_link_options(decant_shared PRIVATE -Wl,--version-script=${exported}.map)
if(NOT DECANT_SANITIZE)  # whose library is the program's
  target_link_options(decant_shared PRIVATE -Wl,--no-undefined)
endif()
set_property(TARGET decant_shared APPEND PROPERTY LINK_DEPENDS ${exported}.map)
target_link_libraries(decant_shared INTERFACE fmt::fmt Threads::Threads)
target_compile_features(decant_shared INTERFACE cxx_std_20)
target_include_directories(decant_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/decant>)
set_target_properties(decant_shared PROPERTIES OUTPUT_NAME decant EXPORT_NAME decant VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# What a recipe is compiled with: it links nothing, as the program that loads it has all of decant.
add_library(decant_recipe INTERFACE)
target_link_libraries(decant_recipe INTERFACE fmt::fmt-header-only)
target_compile_features(decant_recipe INTERFACE cxx_std_20)
target_include_directories(decant_recipe INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/decant>)
set_target_properties(decant_recipe PROPERTIES EXPORT_NAME recipe)

install(TARGETS decant COMPONENT program)
install(FILES README.md LICENSE NOTICE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(TARGETS decant_shared decant_recipe EXPORT decantTargets
  LIBRARY COMPONENT library NAMELINK_COMPONENT development)
foreach(folder base numerics options model tree processors run drafters strategies engine hub files recipes)
  install(DIRECTORY src/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/decant COMPONENT development FILES_MATCHING PATTERN *.h)
endforeach()
install(FILES src/llama/open_model.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/decant/llama COMPONENT development)
install(FILES ${recipe_abi} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/decant/recipes COMPONENT development)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/decant)
install(EXPORT decantTargets NAMESPACE decant:: DESTINATION ${package_folder} COMPONENT development)
configure_package_config_file(cmake/decantConfig.cmake.in ${CMAKE_BINARY_DIR}/generated/decantConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/decantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/decantConfig.cmake ${CMAKE_BINARY_DIR}/generated/decantConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT development)

# All that is installed; a build of `all` has it too, beside the tests.
add_custom_target(installable DEPENDS decant decant_shared)
if(TARGET decant_manual)
  add_dependencies(installable decant_manual)
endif()

# cpack: decant; libdecant0.1 for programs that were built on it; libdecant-dev for those who build.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # cpack packs what was built: not the tests
set(runtime_package libdecant${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME decant)
set(CPACK_PACKAGE_VENDOR decant)
set(CPACK_PACKAGE_CONTACT "decant developers <decant@decant.invalid>")  # no mail is read anywhere
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "decoding of language models by every strategy")
set(description "Every way of turning a language model's distributions into text, on any GGUF
model: sampling, beam searches, contrastive search, DoLa, grammars,
speculation, at the prompt, in a chat or as a server. Each decision can be
watched.\n")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "${description}This package has the program decant.")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "${description}This package has the library libdecant.so.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "${description}This package has the headers of libdecant.so and its CMake package, for\nprograms and for recipes in C++.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/debian/policy.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME decant)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION misc)
# Opened when they are needed: libcurl fetches models, libedit edits lines. The default model is a package of pip, and recipes are Python.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ca-certificates, libcurl4, libedit2, python3, python3-pip")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${runtime_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS "ca-certificates, libcurl4, python3, python3-pip")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libdecant-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${runtime_package} (= ${PROJECT_VERSION}), libfmt-dev (>= 9)")
include(CPack)
