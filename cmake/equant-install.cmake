# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

install(TARGETS equant EXPORT equant-targets)
install(DIRECTORY include/equant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT equant-targets NAMESPACE equant:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/equant)

write_basic_package_version_file(${PROJECT_BINARY_DIR}/equant-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
configure_package_config_file(cmake/equant-config.cmake.in ${PROJECT_BINARY_DIR}/equant-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/equant)
install(FILES
    ${PROJECT_BINARY_DIR}/equant-config.cmake
    ${PROJECT_BINARY_DIR}/equant-config-version.cmake
    cmake/equant-arch.cmake
    cmake/equant-eigen.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/equant)

# What shows `quantized` in debuggers.
install(FILES cmake/debug/equant_gdb.py cmake/debug/equant.natvis DESTINATION ${CMAKE_INSTALL_DATADIR}/equant)

# For pkg-config, which finds it below share: nothing in it depends on the machine.
set(pc_folder ${CMAKE_INSTALL_DATADIR}/pkgconfig)
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
set(pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
if(NOT IS_ABSOLUTE "${pc_includedir}")
  string(PREPEND pc_includedir "\${prefix}/")
endif()
configure_file(cmake/equant.pc.in ${PROJECT_BINARY_DIR}/equant.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/equant.pc DESTINATION ${pc_folder})
