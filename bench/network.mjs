// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Whole networks, ours beside ONNX Runtime's, one thread, batch 1, samples in turn: node network.mjs PROGRAM DATA FOLDER.
// PROGRAM is network.cpp's, DATA holds the models, FOLDER is where the quantized ones are written. EQUANT_ORT names the
// folder whose node_modules holds onnxruntime-node; rows are added to EQUANT_BENCH_REPORT where that is set.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [program, data, folder] = process.argv.slice(2);
const ort = createRequire(`${process.env.EQUANT_ORT}/`)('onnxruntime-node');
const rounds = 25;

const median = (x) => [...x].sort((a, b) => a - b)[Math.floor(x.length / 2)];

/** Runs the network once more and says how many seconds that took. */
function ours(model) {
  const child = spawn(program, [model], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async () => {
      child.stdin.write('\n');
      return Number((await lines.next()).value);
    },
    end: () => child.stdin.end(),
  };
}

async function theirs(model, sizes) {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const count = sizes.reduce((a, b) => a * b, 1);
  const x = new ort.Tensor('float32', Float32Array.from({ length: count }, (_, i) => ((i * 37) % 255) / 128 - 1), sizes);
  return {
    run: async () => {
      const start = process.hrtime.bigint();
      await session.run({ [session.inputNames[0]]: x });
      return Number(process.hrtime.bigint() - start) * 1e-9;
    },
  };
}

function report(row, equant, peer) {
  console.log(`${row.padEnd(28)} equant ${(equant * 1e3).toFixed(2)} ms, ONNX Runtime ${(peer * 1e3).toFixed(2)} ms, ratio ${(peer / equant).toFixed(2)}`);
  if (process.env.EQUANT_BENCH_REPORT) {
    appendFileSync(process.env.EQUANT_BENCH_REPORT, `network,${row},ONNX Runtime,${equant * 1e3},${peer * 1e3},ms,${peer / equant},\n`);
  }
}

for (const [name, calibration] of [['mobilenet_v2', 'mobilenet_v2_calib_x'], ['resnet18_bn', 'mobilenet_v2_calib_x']]) {
  const float = `${data}/${name}.onnx`, small = `${folder}/${name}.int8.onnx`;
  if (!existsSync(small)) {
    const made = spawnSync(program, [float, `${data}/${calibration}.npy`, small], { stdio: 'inherit' });
    if (made.status !== 0) process.exit(1);
  }
  const runners = [ours(float), ours(small), await theirs(float, [1, 3, 224, 224]), await theirs(small, [1, 3, 224, 224])];
  const seconds = runners.map(() => []);
  for (let round = -3; round < rounds; ++round) {  // the first ones warm up
    for (const [i, runner] of runners.entries()) {
      const took = await runner.run();
      if (round >= 0) seconds[i].push(took);
    }
  }
  runners[0].end();
  runners[1].end();
  const [f, q, ortFloat, ortInt8] = seconds.map(median);
  report(`${name} int8`, q, ortInt8);
  report(`${name} int8 to their float`, q, ortFloat);
  report(`${name} float`, f, ortFloat);
}
