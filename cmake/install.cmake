# `cmake --install`: headers, library, find_package(dynode), and the tool.
# Components: `library` (what a program that uses dynode needs) and `tool`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# -inl.h files are compiled once per instruction set by our own sources, -internal.h are for one room;
# no public header needs either
install(DIRECTORY dynode/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dynode COMPONENT library FILES_MATCHING
        PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE PATTERN "*-internal.h" EXCLUDE
        PATTERN "cli" EXCLUDE PATTERN "data" EXCLUDE)
install(TARGETS dynode EXPORT dynodeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
if(TARGET dynode_cli)
  install(TARGETS dynode_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tool)
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/dynode)
configure_package_config_file(cmake/dynodeConfig.cmake.in ${PROJECT_BINARY_DIR}/dynodeConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dynodeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT dynodeTargets NAMESPACE dynode:: DESTINATION ${package} COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/dynodeConfig.cmake ${PROJECT_BINARY_DIR}/dynodeConfigVersion.cmake
        DESTINATION ${package} COMPONENT library)
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)
