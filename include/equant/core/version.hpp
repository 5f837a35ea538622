// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// The version, and its only source: CMake reads these three lines.
#define EQUANT_VERSION_MAJOR 0
#define EQUANT_VERSION_MINOR 1
#define EQUANT_VERSION_PATCH 0
