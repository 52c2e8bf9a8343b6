# What Debian's policy asks of packages beyond what is installed elsewhere: cpack runs this over its stage, a folder for each component.
set(packages program:decant library:${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME} development:libdecant-dev)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

file(READ ${CMAKE_CURRENT_LIST_DIR}/../../LICENSE license)
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../NOTICE notice)

function(compress)
  execute_process(COMMAND gzip -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(each ${packages})
  string(REPLACE ":" ";" each ${each})
  list(GET each 0 component)
  list(GET each 1 package)
  set(doc ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr/share/doc/${package})
  file(MAKE_DIRECTORY ${doc})
  file(WRITE ${doc}/copyright "${license}\n\n${notice}")
  file(WRITE ${doc}/changelog "${package} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n"
    "  * What has changed is in /usr/share/doc/decant/CHANGELOG.md.gz.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  compress(${doc}/changelog)
endforeach()

set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/program/usr/share)
file(REMOVE ${share}/doc/decant/LICENSE ${share}/doc/decant/NOTICE)  # they are in copyright
compress(${share}/doc/decant/CHANGELOG.md)
file(GLOB pages ${share}/man/man1/*.1)
compress(${pages})
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)  # where Debian's zsh looks
