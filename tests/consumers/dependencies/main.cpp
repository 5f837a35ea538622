// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <fetched.hpp>
#include <found.hpp>

int main() { return fetched(1.5) == 1 && found(2.5) == 2 ? 0 : 1; }
