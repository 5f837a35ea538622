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
