// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/onnx_read.hpp>
#include <equant/io/onnx_write.hpp>
