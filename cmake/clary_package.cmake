# `cmake --install` and `cpack -G DEB`.
include(GNUInstallDirs)
install(TARGETS clary RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_PACKAGE_NAME clary)
set(CPACK_PACKAGE_VENDOR "Clary")
set(CPACK_PACKAGE_CONTACT "Clary maintainers <maintainers@clary.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "SageMaker on your own machines")
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# Of the libraries that are linked dynamically, by dpkg-shlibdeps; tools/try_install checks that they are all there.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# As requirements/debian-run.txt: to run jobs, and to make environments and to verify certificates.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "bubblewrap, slirp4netns, python3")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-venv, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
include(CPack)
