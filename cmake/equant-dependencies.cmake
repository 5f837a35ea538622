# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(FetchContent)

# equant_find_or_fetch(<package> <target> <url>)
#
# A package that our own tests, benchmarks or program need: the system's where there is one, else fetched. A source
# tree named by FETCHCONTENT_SOURCE_DIR_<PACKAGE> stands in for both. Sets <package>_SOURCE_DIR where it was fetched.
macro(equant_find_or_fetch package target url)
  string(TOUPPER ${package} equant_upper)
  string(TOLOWER ${package} equant_lower)
  if(NOT TARGET ${target} AND NOT FETCHCONTENT_SOURCE_DIR_${equant_upper})
    find_package(${package} CONFIG QUIET)
  endif()
  if(NOT TARGET ${target})
    message(STATUS "${package}: not on the system, fetching ${url}")
    set(BENCHMARK_ENABLE_TESTING OFF)
    set(BENCHMARK_ENABLE_INSTALL OFF)
    set(CLI11_BUILD_TESTS OFF)
    set(CLI11_BUILD_EXAMPLES OFF)
    set(JSON_BuildTests OFF)
    FetchContent_Declare(${package} URL ${url})
    FetchContent_MakeAvailable(${package})
    set(${package}_SOURCE_DIR ${${equant_lower}_SOURCE_DIR})
    equant_system_includes(${target})
  endif()
endmacro()

# Other people's headers are not held to our warnings.
function(equant_system_includes target)
  get_target_property(real ${target} ALIASED_TARGET)
  if(NOT real)
    set(real ${target})
  endif()
  get_target_property(folders ${real} INTERFACE_INCLUDE_DIRECTORIES)
  if(folders)
    set_target_properties(${real} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${folders}")
  endif()
endfunction()

# protozero, which reads and writes ONNX: headers alone, found by their place.
macro(equant_find_or_fetch_protozero)
  if(NOT TARGET protozero::protozero)
    if(NOT FETCHCONTENT_SOURCE_DIR_PROTOZERO)
      find_path(PROTOZERO_INCLUDE protozero/pbf_writer.hpp)
    endif()
    add_library(protozero INTERFACE)
    add_library(protozero::protozero ALIAS protozero)
    if(NOT PROTOZERO_INCLUDE)
      message(STATUS "protozero: not on the system, fetching it")
      # Its own project builds tools; the headers are all there is to want.
      FetchContent_Declare(protozero SOURCE_SUBDIR include
        URL https://github.com/mapbox/protozero/archive/refs/tags/v1.7.1.tar.gz)
      FetchContent_MakeAvailable(protozero)
      set(PROTOZERO_INCLUDE ${protozero_SOURCE_DIR}/include)
    endif()
    target_include_directories(protozero SYSTEM INTERFACE ${PROTOZERO_INCLUDE})
  endif()
endmacro()
