# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT

# The target `docs`: the headers' comments as pages, docs/html in the build folder. A warning is an error.
find_package(Doxygen QUIET)
find_program(EQUANT_SED sed)
if(NOT DOXYGEN_FOUND OR NOT EQUANT_SED)
  return()
endif()
set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
set(DOXYGEN_FILE_PATTERNS *.hpp README.md)
set(DOXYGEN_EXCLUDE_PATTERNS */kernels/*/*)
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/include/equant/README.md)
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR}/include)
set(DOXYGEN_STRIP_FROM_INC_PATH ${PROJECT_SOURCE_DIR}/include)
set(DOXYGEN_EXTRACT_ALL YES)
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
# What Doxygen does not read: an inline namespace named by a macro, a class that inherits from itself for another type.
set(DOXYGEN_INPUT_FILTER "${EQUANT_SED} -f ${PROJECT_SOURCE_DIR}/cmake/docs.sed")
set(DOXYGEN_PREDEFINED __cpp_exceptions)
doxygen_add_docs(docs ${PROJECT_SOURCE_DIR}/include/equant)
