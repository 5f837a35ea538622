# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT

# Eigen from 3.4 on. No version is asked for, because the package files of Eigen 3 refuse to stand in for Eigen 5 and
# the other way round; what was found is checked instead.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG REQUIRED)
  if(Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "equant needs Eigen 3.4 or newer; found ${Eigen3_VERSION}")
  endif()
  # Whoever adds equant as a subdirectory links Eigen through it, from a directory of its own.
  set_target_properties(Eigen3::Eigen PROPERTIES IMPORTED_GLOBAL ON)
endif()
