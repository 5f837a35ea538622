// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once
