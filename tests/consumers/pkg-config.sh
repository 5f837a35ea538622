# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT

# pkg-config.sh <folder of equant.pc> <version> <compiler> <source> <program>: one line, without CMake.
export PKG_CONFIG_PATH=$1
test "$(pkg-config --modversion equant)" = "$2"
$3 -std=c++20 -Wall -Wextra -Werror $(pkg-config --cflags equant) "$4" -o "$5"
"$5"
