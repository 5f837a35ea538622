# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.20)

# The umbrella header and all that it reaches, as one file:
#
#   cmake -DROOT=<checkout> -DOUTPUT=equant.hpp [-DHEADER=equant/equant.hpp] -P cmake/single-header.cmake
#
# A header stands where it is first included. One that is included inside an #if is there for that condition only, so
# it stands again where it is needed under another; a guard lets the compiler see it once.
if(NOT ROOT OR NOT OUTPUT)
  message(FATAL_ERROR "cmake -DROOT=<checkout> -DOUTPUT=<file> -P single-header.cmake")
endif()
if(NOT HEADER)
  set(HEADER equant/equant.hpp)
endif()

# What CMake's lists do not carry is written as control characters meanwhile.
string(ASCII 1 semicolon)
string(ASCII 2 left)
string(ASCII 3 right)
string(ASCII 4 backslash)
string(ASCII 5 bar)

# Does one of the conditions under which `header` already stands hold wherever those in `open` do?
function(stands answer header)
  get_property(places GLOBAL PROPERTY "places_${header}")
  set(${answer} OFF PARENT_SCOPE)
  foreach(place IN LISTS places)
    string(REPLACE "|" ";" conditions "${place}")
    list(REMOVE_ITEM conditions "always" ${open})
    if(NOT conditions)
      set(${answer} ON PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# Appends `header` to the text; `open` holds the conditions around it, outermost first.
function(put_in header)
  list(JOIN open "|" place)
  set_property(GLOBAL APPEND PROPERTY "places_${header}" "always|${place}")
  string(MAKE_C_IDENTIFIER "EQUANT_ONCE_${header}" guard)
  set_property(GLOBAL APPEND_STRING PROPERTY text "#ifndef ${guard}\n#define ${guard}\n")
  file(READ ${ROOT}/include/${header} lines)
  string(REPLACE ";" "${semicolon}" lines "${lines}")
  string(REPLACE "[" "${left}" lines "${lines}")
  string(REPLACE "]" "${right}" lines "${lines}")
  string(REPLACE "\\" "${backslash}" lines "${lines}")
  string(REPLACE "|" "${bar}" lines "${lines}")
  string(REPLACE "\n" ";" lines "${lines}")
  foreach(line IN LISTS lines)
    if(line MATCHES "^#include <(equant/[^>]+)>")
      set(included ${CMAKE_MATCH_1})
      stands(there ${included})
      if(NOT there)
        put_in(${included})
      endif()
      continue()
    elseif(line MATCHES "^#pragma once|^// SPDX-")
      continue()
    elseif(line MATCHES "^# *if")
      list(APPEND open "${line}")
    elseif(line MATCHES "^# *el")
      list(POP_BACK open before)
      list(APPEND open "${before} ${line}")
    elseif(line MATCHES "^# *endif")
      list(POP_BACK open)
    endif()
    set_property(GLOBAL APPEND_STRING PROPERTY text "${line}\n")
  endforeach()
  set_property(GLOBAL APPEND_STRING PROPERTY text "#endif\n")
endfunction()

set(open "")
put_in(${HEADER})
get_property(text GLOBAL PROPERTY text)
string(REPLACE "${semicolon}" ";" text "${text}")
string(REPLACE "${left}" "[" text "${text}")
string(REPLACE "${right}" "]" text "${text}")
string(REPLACE "${backslash}" "\\" text "${text}")
string(REPLACE "${bar}" "|" text "${text}")
string(REGEX REPLACE "\n\n\n+" "\n\n" text "${text}")
file(WRITE ${OUTPUT} "// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
// Made of ${HEADER} by cmake/single-header.cmake.
#pragma once
${text}")
