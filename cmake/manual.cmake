# Pages of the manual and completions, made by the program that they are of; installed where it can run here.
if(NOT CMAKE_CROSSCOMPILING)
  include(GNUInstallDirs)
  set(manual ${CMAKE_BINARY_DIR}/generated/share)
  add_custom_command(OUTPUT ${manual}/man/man1/decant.1 DEPENDS decant scripts/manual.sh
                     COMMAND ${CMAKE_SOURCE_DIR}/scripts/manual.sh $<TARGET_FILE:decant> ${manual}
                     VERBATIM)
  add_custom_target(decant_manual ALL DEPENDS ${manual}/man/man1/decant.1)
  install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT program)
endif()
