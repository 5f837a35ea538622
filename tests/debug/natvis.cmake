# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.20)

# The inline namespace that MSVC's own macros give must stand in the natvis file, for each value of /arch.
file(READ ${ROOT}/cmake/debug/equant.natvis natvis)
file(WRITE ${WORK}/abi.cpp "#include <equant/core/isa.hpp>\nnamespace: EQUANT_ABI\n")
foreach(macros "-D__cpp_exceptions" "-D__cpp_exceptions;-D__AVX__" "-D__cpp_exceptions;-D__AVX__;-D__AVX2__"
    "-D__cpp_exceptions;-D__AVX__;-D__AVX2__;-D__AVX512F__;-D__AVX512BW__;-D__AVX512DQ__;-D__AVX512VL__")
  execute_process(COMMAND ${CXX} -E -P -undef ${macros} -I${ROOT}/include ${WORK}/abi.cpp OUTPUT_VARIABLE seen
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "namespace: on_[a-z0-9_]+" found "${seen}")
  string(REPLACE "namespace: " "equant::" found "${found}")
  foreach(type shape "quantized&lt;*,-1,*&gt;")
    string(FIND "${natvis}" "\"${found}::${type}\"" at)
    if(at LESS 0)
      message(FATAL_ERROR "equant.natvis lacks ${type} of ${macros}: ${found}::${type}")
    endif()
  endforeach()
endforeach()
