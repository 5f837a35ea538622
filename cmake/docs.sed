# SPDX-FileCopyrightText: the equant authors
# SPDX-License-Identifier: MIT
s/::inline EQUANT_ABI//
s/ : [a-z_]*<typename Isa::base>//
s/\[equant\](\.\.\/\.\.\/README\.md)/equant/
