// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// node onnxruntime.js <model.onnx> <optimized.onnx> <inputs> <outputs>
//
// Runs a model in ONNX Runtime with all optimizations, on tensors of floats from one file, and writes what comes out
// to another: for each tensor its rank, its sizes, its values, all 4 bytes wide. The model that its optimizer made is
// saved beside.
'use strict';
const fs = require('fs');
const ort = require(process.env.EQUANT_ORT + '/node_modules/onnxruntime-node');

const [model, optimized, inputs, outputs] = process.argv.slice(2);

function read(path) {
  const bytes = fs.readFileSync(path);
  const tensors = [];
  for (let at = 0; at < bytes.length;) {
    const dims = [];
    const rank = bytes.readInt32LE(at);
    for (let i = 0; i < rank; ++i) dims.push(bytes.readInt32LE(at + 4 + 4 * i));
    at += 4 + 4 * rank;
    const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; ++i) values[i] = bytes.readFloatLE(at + 4 * i);
    at += 4 * values.length;
    tensors.push(new ort.Tensor('float32', values, dims));
  }
  return tensors;
}

function written(tensor) {
  const head = Buffer.alloc(4 + 4 * tensor.dims.length);
  head.writeInt32LE(tensor.dims.length, 0);
  tensor.dims.forEach((size, i) => head.writeInt32LE(size, 4 + 4 * i));
  return Buffer.concat([head, Buffer.from(tensor.data.buffer, tensor.data.byteOffset, 4 * tensor.data.length)]);
}

(async () => {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'all', optimizedModelFilePath: optimized, intraOpNumThreads: 1, logSeverityLevel: 3,
    extra: {session: {qdq_matmulnbits_accuracy_level: '1'}},  // activations in float, where otherwise they are int8
  });
  const feeds = {};
  read(inputs).forEach((tensor, i) => { feeds[session.inputNames[i]] = tensor; });
  const results = await session.run(feeds);
  fs.writeFileSync(outputs, Buffer.concat(session.outputNames.map((name) => written(results[name]))));
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
