// The noise of a race, as the engine makes it (src/numerics/gumbel.h): a pure function of seed, sequence, position and
// token, so that a page can run the race again under other settings.

const block = 256; // tokens whose words come from neighbouring calls
const calls = block / 4;
const streams = { high: 7, low: 8 } as const;

type Words = [number, number, number, number];

function highProduct(a: number, b: number): number {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const low = al * bl;
  const middle = ah * bl + (low >>> 16);
  const cross = al * bh + (middle % 0x10000);
  return (ah * bh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

// Philox4x32-10 (Salmon et al. 2011).
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; ++round) {
    const [a, b] = [highProduct(0xd2511f53, c0), highProduct(0xcd9e8d57, c2)];
    const [low0, low2] = [Math.imul(0xd2511f53, c0) >>> 0, Math.imul(0xcd9e8d57, c2) >>> 0];
    [c0, c1, c2, c3] = [(b ^ c1 ^ k0) >>> 0, low2, (a ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

export interface Place {
  readonly seed: number; // below 2^53
  readonly sequence: number;
  readonly position: number; // of the token, the prompt counted
}

export function noise({ seed, sequence, position }: Place, token: number): number {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const call = Math.floor(token / block) * calls + (token % calls);
  const word = Math.floor(token / calls) % 4;
  const of = (stream: number) => philox([position, sequence, stream, call], key)[word]!;
  const [high, low] = [of(streams.high), of(streams.low)];
  // u and 1 - u, each exact where it is small
  const below = (high * 2 ** 32 + low + 0.5) / 2 ** 64;
  const above = ((~high >>> 0) * 2 ** 32 + (~low >>> 0) + 0.5) / 2 ** 64;
  return -Math.log(-(below < 0.5 ? Math.log(below) : Math.log1p(-above)));
}
