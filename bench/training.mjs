// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Steps of training beside PyTorch's, in turn: node training.mjs PROGRAM TORCH|- DATA FOLDER. PROGRAM is training.cpp's,
// TORCH training_torch.cpp's, DATA holds the model, FOLDER is where results are written: training_report.csv. Where
// EQUANT_ORT names the folder whose node_modules holds onnxruntime-node, what was trained runs there as well. Fails where
// it answers otherwise, or a step takes more than 1.5 of PyTorch's time.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [program, torch, data, folder] = process.argv.slice(2);
const steps = 7, least = 30, most = 1.5;
const inputs = `${data}/resnet18_x.npy`;
let failed = false;

function run(command, args) {
  const done = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (done.status !== 0) process.exit(1);
  return done.stdout.trim();
}

function check(fine, text) {
  console.log(fine ? text : `${text}: MISSED`);
  failed ||= !fine;
}

/** The floats of a .npy file in C order, and their sizes. */
function npy(path) {
  const bytes = readFileSync(path), start = 10 + bytes.readUInt16LE(8);
  const [, sizes] = /'shape': \(([^)]*)\)/.exec(bytes.toString('latin1', 10, start));
  return [new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)),
    sizes.split(',').filter((n) => n.trim()).map(Number)];
}

/** 10 log10 of the energy of y over that of its distance to x. */
function sqnr(x, y) {
  let signal = 0, noise = 0;
  y.forEach((v, i) => { signal += v * v; noise += (x[i] - v) ** 2; });
  return 10 * Math.log10(signal / noise);
}

async function compareWithOnnxRuntime(kind, out) {
  const ort = createRequire(`${process.env.EQUANT_ORT}/`)('onnxruntime-node');
  const session = await ort.InferenceSession.create(`${out}.onnx`, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const x = new ort.Tensor('float32', ...npy(inputs));
  const theirs = (await session.run({ [session.inputNames[0]]: x }))[session.outputNames[0]].data;
  const db = sqnr(theirs, npy(`${out}.npy`)[0]);
  check(db >= least, `equant ${kind}: ONNX Runtime answers as the engine does to ${db.toFixed(1)} dB (at least ${least})`);
}

let report = 'who,seconds_per_step,megabytes\n';
for (const kind of ['fused', 'folded']) {
  const out = `${folder}/resnet18_${kind}`;
  console.log(run(program, [`${data}/resnet18_bn.onnx`, inputs, kind, String(steps), out]));
  const ours = readFileSync(`${out}.csv`, 'utf8');
  report += ours;
  if (process.env.EQUANT_ORT) await compareWithOnnxRuntime(kind, out);
  if (torch === '-') continue;
  const theirs = run(torch, [kind, String(steps)]);
  report += `${theirs}\n`;
  const [s, m] = ours.split(',').slice(1).map(Number), [peer, memory] = theirs.split(',').slice(1).map(Number);
  check(s <= most * peer, `equant ${kind}: a step takes ${s.toFixed(3)} s and ${m.toFixed(0)} MB, PyTorch's ` +
    `${peer.toFixed(3)} s and ${memory.toFixed(0)} MB: ${(s / peer).toFixed(2)} of its time (at most ${most})`);
}
writeFileSync(`${folder}/training_report.csv`, report);
process.exit(failed ? 1 : 0);
