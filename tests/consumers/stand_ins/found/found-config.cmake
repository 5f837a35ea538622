# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
add_library(found::found INTERFACE IMPORTED)
target_include_directories(found::found INTERFACE ${CMAKE_CURRENT_LIST_DIR})
