// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/compare.hpp>
#include <equant/quantizers/lattice_code.hpp>
#include <equant/quantizers/product_code.hpp>
#include <equant/quantizers/trellis_code.hpp>

/// Vector quantizers, and the verbs for what they make:
///
///   auto q = trellis_quantizer<2>(12).quantize(w);   // 2 bits per value; lattice_quantizer<8>(), product_quantizer
///   Eigen::MatrixXf back = dequantize(q);
///   std::cout << compare(w, q);
namespace equant::inline EQUANT_ABI {

/// The real values as an Out: MatrixXf unless another matrix, array, vector or tensor type is named.
template <class Out = Eigen::MatrixXf, class Code, executor Executor = serial>
Out dequantize(const vector_quantized<Code>& q, Executor&& run_on = {}) {
  Out y = make_plain<Out>(q.sizes());
  dequantize_into(q, y, run_on);
  return y;
}

/// The error against the x it was made from, and the bits per value. A vector quantizer has no codes of single values
/// and no range, so that nothing counts as clipped.
template <tensor_source X, class Code>
quantization_report compare(const X& x, const vector_quantized<Code>& q) {
  return with_view(x, [&](const auto& v) {
    comparing::check_sizes(v.sizes, q.sizes());
    std::vector<working<scalar_of<X>>> values(static_cast<std::size_t>(q.count()));
    const view<working<scalar_of<X>>> y{values.data(), q.sizes(), dense_strides(q.sizes(), q.order())};
    dequantize_into(q, y);
    quantization_report report{compare(v, y)};
    report.mse_rounding = report.mse;
    report.bits_per_value = q.bits_per_value();
    return report;
  });
}

}  // namespace equant::inline EQUANT_ABI
