"use strict";
// The networks: unpacked from the page's own blocks, run by onnxruntime-web, and given work one piece at a time.

const facts = JSON.parse(document.getElementById("facts").textContent);
const [height, width, channels] = facts.shape;
const networks = {};
const frames = []; // milliseconds of the latest frames, from the hand to the painted canvas
let noiseTable = new Float32Array(0); // [seeds, noise]

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Bytes of a block: base64 of gzip, decoded by the browser itself (older ones take it as an address). */
async function unpack(id) {
  const block = document.getElementById(id);
  const text = block.textContent;
  block.remove();
  const packed = Uint8Array.fromBase64
    ? new Blob([Uint8Array.fromBase64(text)])
    : await (await fetch(`data:application/octet-stream;base64,${text}`)).blob();
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Load the runtime and the generator; the encoder follows when it is first needed. */
async function begin() {
  const lacking = [
    typeof WebAssembly === "undefined" && "WebAssembly",
    typeof DecompressionStream === "undefined" && "DecompressionStream",
  ].filter(Boolean);
  if (lacking.length) throw new Error(`this browser has no ${lacking.join(" and no ")}; open the page in a current one`);
  const [script, wasm, noise, model] = await Promise.all(["ort-script", "ort-wasm", "noise", "generator"].map(unpack));
  noiseTable = new Float32Array(noise);
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  networks.ort = await import(address);
  URL.revokeObjectURL(address);
  Object.assign(networks.ort.env.wasm, { wasmBinary: wasm, numThreads: 1 }); // a file gets no threads
  networks.generator = await session(model);
}

const session = (model) => networks.ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });

const tensor = (data, shape) => new networks.ort.Tensor("float32", data, shape);

/** Images [n, C, H, W] in [-1, 1] of n points, as one flat array. */
async function generate(points) {
  const feeds = {};
  if (facts.noise) feeds.noise = tensor(joined(points.map((p) => noiseOf(p.z)), facts.noise), [points.length, facts.noise]);
  for (const code of facts.codes) {
    const columns = points.map((p) => columnsOf(code, p.values[code.name]));
    feeds[code.name] = tensor(joined(columns, columns[0].length), [points.length, columns[0].length]);
  }
  return (await networks.generator.run(feeds)).image.data;
}

function joined(rows, size) {
  const all = new Float32Array(rows.length * size);
  rows.forEach((row, i) => all.set(row, i * size));
  return all;
}

/** What is read from one image [C, H, W] in [-1, 1]: {digit: {probabilities}, slant: {mean, std}}. */
async function readImage(image) {
  networks.encoder ??= unpack("encoder").then(session);
  const out = await (await networks.encoder).run({ image: tensor(image, [1, channels, height, width]) });
  const part = (one, name) => out[`${one.name}_${name}`].data;
  const read = (one) => (one.categories ? { probabilities: part(one, "probabilities") } : { mean: part(one, "mean")[0], std: part(one, "std")[0] });
  return Object.fromEntries(facts.readings.map((one) => [one.name, read(one)]));
}

// Work. The frame under the hand comes first and only the newest counts; the rest goes in small pieces between.

const size = channels * height * width;
const waiting = new Map();
const PIECE = 12; // milliseconds that a piece of later work may take
let cost = PIECE; // milliseconds of one image in a piece
let urgent = null;
let busy = false;
const channel = new MessageChannel();
const pause = () => new Promise((done) => { channel.port1.onmessage = done; channel.port2.postMessage(0); });

/** Draw a point now; done gets its image. */
function showNow(point, done) {
  urgent = { point, done, begun: performance.now() };
  work();
}

/** Draw points when there is nothing urgent; a newer list under the same key takes the older one's place.
    each(i, image) for every point, done(how many) at the end or once `budget` milliseconds are spent. */
function showLater(key, points, each, { done = () => {}, budget = Infinity } = {}) {
  waiting.delete(key);
  if (points.length) waiting.set(key, { points, each, done, budget, at: 0, spent: 0 });
  work();
}

async function work() {
  if (busy || !networks.generator) return;
  busy = true;
  try {
    while (urgent || waiting.size) {
      await (urgent ? frame() : piece());
      await pause();
    }
  } catch (error) {
    waiting.clear();
    failed(error);
  }
  busy = false;
}

async function frame() {
  const { point, done, begun } = urgent;
  urgent = null;
  done(await generate([point]));
  frames.push(performance.now() - begun);
  if (frames.length > 400) frames.shift();
}

async function piece() {
  const [key, job] = waiting.entries().next().value;
  const begun = performance.now();
  const count = clamp(Math.floor(PIECE / cost), 1, 32);
  const images = await generate(job.points.slice(job.at, job.at + count));
  cost = (performance.now() - begun) / count;
  if (waiting.get(key) !== job) return; // replaced meanwhile
  for (let i = 0; i * size < images.length; i++) job.each(job.at + i, images.subarray(i * size, (i + 1) * size));
  job.at = Math.min(job.at + count, job.points.length);
  job.spent += performance.now() - begun;
  waiting.delete(key);
  if (job.at < job.points.length && job.spent < job.budget) waiting.set(key, job); // behind the others
  else job.done(job.at);
}
