// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// equant: quantization over Eigen.
///
/// A quantizer is five independent choices: a granularity (which elements share parameters), a range rule (a
/// calibrator looks at data), a map (x / s, x / s + z), a format (what a code means) and a rounding. This header is
/// all but the sweep, products of raw codes (equant/gemm/), the bridge to Eigen's Tensor (equant/core/tensor.hpp), the
/// vector quantizers (equant/vector.hpp), the calibrators of other tools (entropy, aciq, torch_histogram), mse_exact
/// and the file formats (equant/io/).
///
/// Whatever is not used is to cost little compile time: what this header reaches is better a template (compiled where
/// it is used) than an inline function (compiled always).

#include <equant/core/version.hpp>

#include <equant/core/contiguous.hpp>
#include <equant/core/cpu.hpp>
#include <equant/core/eigen.hpp>

#include <equant/formats/formats.hpp>

#include <equant/calibration/automatic.hpp>
#include <equant/calibration/granular.hpp>
#include <equant/calibration/histogram.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/calibration/moving_average.hpp>
#include <equant/calibration/mse.hpp>
#include <equant/calibration/percentile.hpp>

#include <equant/compare.hpp>
#include <equant/dequantize.hpp>
#include <equant/dot.hpp>
#include <equant/matmul.hpp>
#include <equant/quantize.hpp>

#include <equant/quantizers/lloyd_max.hpp>
