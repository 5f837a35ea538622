# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
function(catch_discover_tests)
endfunction()
