// A point: {z, values}. z is {seed} or, between two points, {noise}; a value is a number or, between two categories,
// the weights of all. Points never change, a changed point is a new one.

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const lerp = (a, b, t) => a + (b - a) * t;
const spaced = (low, high, n) => Array.from({ length: n }, (_, i) => (n > 1 ? lerp(low, high, i / (n - 1)) : low));

/** The step of a code's slider: a power of ten near a two-hundredth of its range; of an angle a degree, rounded down so
    that the last step is the end. */
function stepOf(code) {
  const length = code.range[1] - code.range[0];
  return code.periodic ? length / 360 - 1e-9 : 10 ** Math.round(Math.log10(length / 200));
}
const digitsOf = (code) => Math.max(0, -Math.round(Math.log10(stepOf(code))));

/** The number nearest to `middle` that differs from a value by whole turns; the two ends, however rounded, stay. */
function wrapped(code, value, middle) {
  const turn = code.range[1] - code.range[0];
  return Math.abs(value - middle) < 0.5001 * turn ? value : value - turn * Math.round((value - middle) / turn);
}

/** Whatever was typed as a value that the code has; `otherwise` where it is no number. */
function tidy(code, value, otherwise) {
  const number = typeof value === "string" && !value.trim() ? NaN : Number(value);
  if (Number.isNaN(number)) return otherwise;
  if (code.categories) return clamp(Math.round(number), 0, code.categories - 1);
  const near = code.periodic && Number.isFinite(number) ? wrapped(code, number, lerp(...code.range, 0.5)) : number;
  return Number(clamp(near, ...code.range).toFixed(digitsOf(code) + 2));
}

const tidySeed = (value, otherwise) =>
  String(value).trim() && Number.isFinite(Number(value)) ? clamp(Math.round(Number(value)), 0, facts.seeds - 1) : otherwise;

const withValue = (point, code, value) => ({ ...point, values: { ...point.values, [code.name]: value } });
const withSeed = (point, seed) => ({ ...point, z: { seed } });
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** z 0, every code at its first category or the middle of what it was trained on. */
function firstPoint() {
  const values = facts.codes.map((code) => [code.name, code.categories ? 0 : tidy(code, (code.trained[0] + code.trained[1]) / 2, 0)]);
  return { z: { seed: 0 }, values: Object.fromEntries(values) };
}

const randomSeed = () => Math.floor(Math.random() * facts.seeds);

/** A code's value drawn from its prior. */
function drawn(code) {
  if (code.categories) {
    if (!code.probs) return Math.floor(Math.random() * code.categories);
    let left = Math.random();
    const found = code.probs.findIndex((p) => (left -= p) < 0);
    return found < 0 ? code.categories - 1 : found;
  }
  const [low, high] = code.trained;
  if (!code.normal) return Number(lerp(low, high, Math.random()).toFixed(digitsOf(code)));
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return tidy(code, ((low + high) / 2 + (normal * (high - low)) / 4).toFixed(digitsOf(code)), 0); // trained: two sigma
}

const noiseOf = (z) => z.noise ?? noiseTable.subarray(z.seed * facts.noise, (z.seed + 1) * facts.noise);

/** What the generator is given for a value: of an angle its cosine and sine, of a category its place among K. */
function columnsOf(code, value) {
  if (code.periodic) return [Math.cos(value), Math.sin(value)];
  if (!code.categories) return [value];
  if (Array.isArray(value)) return value;
  const columns = new Array(code.categories).fill(0);
  columns[value] = 1;
  return columns;
}

/** The point at t between a (0) and b (1): codes on the straight line, angles along the shorter arc, normal noise on the
    arc between the two. */
function mix(a, b, t) {
  if (t <= 0 || t >= 1) return t <= 0 ? a : b;
  const values = {};
  for (const code of facts.codes) {
    const [from, to] = [a.values[code.name], b.values[code.name]];
    if (code.categories) values[code.name] = same(from, to) ? from : mixed(columnsOf(code, from), columnsOf(code, to), 1 - t, t);
    else values[code.name] = tidy(code, lerp(from, code.periodic ? wrapped(code, to, from) : to, t), from);
  }
  return { z: same(a.z, b.z) ? a.z : { noise: arc(noiseOf(a.z), noiseOf(b.z), t) }, values };
}

const mixed = (from, to, share, other) => Array.from(from, (v, i) => share * v + other * to[i]);

function arc(from, to, t) {
  const dot = (u, v) => u.reduce((sum, x, i) => sum + x * v[i], 0);
  const angle = Math.acos(clamp(dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to)), -1, 1));
  if (!facts.normal || !(angle > 1e-4)) return mixed(from, to, 1 - t, t);
  return mixed(from, to, Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle));
}

// A point in words, as JSON, as a command and as the page's address.

const nameOf = (code, k) => (code.names[k] === undefined ? String(k) : code.names[k]);
const number = (code, value) => String(Number(value.toFixed(digitsOf(code)))).replace("-", "\u2212");
const plain = (code, value) => (Array.isArray(value) ? "between" : code.categories ? nameOf(code, value) : number(code, value));

function inWords(point) {
  const words = facts.codes.map((code) => `${code.shown} ${plain(code, point.values[code.name])}`);
  if (facts.noise) words.push(point.z.noise ? "z between two seeds" : `z of seed ${point.z.seed}`);
  return words.join(", ");
}

const asJson = (point) => JSON.stringify({ noise: Array.from(noiseOf(point.z)), codes: point.values });

const isSeeded = (point) => !point.z.noise && !Object.values(point.values).some(Array.isArray);

function asCommand(point) {
  if (!isSeeded(point)) return `infogan sample ${facts.run} --point point.json -o image.png`;
  const value = (code) => (code.categories ? "#" : "") + point.values[code.name]; // # since "3" may be a name
  const codes = facts.codes.map((code) => ` --code ${code.name}=${value(code)}`).join("");
  return `infogan sample ${facts.run} -n 1 --seed ${point.z.seed}${codes} -o image.png`;
}

const asHash = (point) => "#" + new URLSearchParams({ seed: point.z.seed, ...point.values }).toString();

/** The point that an address names; what it does not name, or names wrongly, is as in `point`. */
function fromHash(hash, point) {
  const given = new URLSearchParams(hash.slice(1));
  const values = facts.codes.map((code) => [code.name, tidy(code, given.get(code.name) ?? "", point.values[code.name])]);
  const seed = tidySeed(given.get("seed") ?? "", null);
  return { z: seed === null ? point.z : { seed }, values: Object.fromEntries(values) };
}
