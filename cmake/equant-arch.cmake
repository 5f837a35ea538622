# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# equant_target_arch(<target> native|x86-64|x86-64-v3|<any -march value>)
#
# Compiles <target> for a machine. equant itself never sets such a flag: without one the kernels are the portable
# ones. Translation units of different arch may be linked into one program, but objects of equant or Eigen must not
# cross between them.
function(equant_target_arch target arch)
  if(MSVC)
    message(FATAL_ERROR "equant_target_arch: not supported with this compiler")
  endif()
  include(CheckCXXCompilerFlag)
  string(MAKE_C_IDENTIFIER "EQUANT_HAS_MARCH_${arch}" known)
  check_cxx_compiler_flag("-march=${arch}" ${known})
  if(NOT ${known})
    message(FATAL_ERROR "equant_target_arch: the compiler does not know -march=${arch}")
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_compile_options(${target} INTERFACE "-march=${arch}")
  else()
    target_compile_options(${target} PRIVATE "-march=${arch}")
  endif()
endfunction()

# equant_cpu_has(<result> <any -march value>)
#
# Whether the machine that configures can run what is compiled so: a small program, compiled so, asks its CPU.
function(equant_cpu_has result arch)
  string(MAKE_C_IDENTIFIER "EQUANT_RUNS_MARCH_${arch}" known)
  if(NOT DEFINED ${known})
    try_run(ran compiled ${PROJECT_BINARY_DIR}/cpu_has ${PROJECT_SOURCE_DIR}/tests/programs/cpu.cpp
      CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${PROJECT_SOURCE_DIR}/include
      COMPILE_DEFINITIONS -std=c++20 -march=${arch}
      COMPILE_OUTPUT_VARIABLE compiling RUN_OUTPUT_VARIABLE said)
    if(NOT compiled)
      message(FATAL_ERROR "equant_cpu_has: -march=${arch} does not compile\n${compiling}")
    endif()
    string(REGEX MATCH ": here" here "${said}")
    string(COMPARE NOTEQUAL "${here}" "" here)
    set(${known} ${here} CACHE INTERNAL "Whether this machine runs -march=${arch}")
    string(STRIP "${said}" said)
    message(STATUS "-march=${arch} is ${said}")
  endif()
  set(${result} ${${known}} PARENT_SCOPE)
endfunction()
