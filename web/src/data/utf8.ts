// UTF-8, byte by byte: where characters begin and end, and what is none. Source: The Unicode Standard, table 3-7.

// What the next byte of a character that has begun must be.
export interface Expected {
  readonly left: number; // bytes still to come
  readonly low: number;
  readonly high: number;
}

// What follows `byte` at the beginning of a character; null: nothing may begin with it. left = 0: it is a character.
export function begin(byte: number): Expected | null {
  if (byte < 0x80) return { left: 0, low: 0, high: 0 };
  if (byte < 0xc2 || byte > 0xf4) return null;
  if (byte < 0xe0) return { left: 1, low: 0x80, high: 0xbf };
  if (byte < 0xf0) return { left: 2, low: byte === 0xe0 ? 0xa0 : 0x80, high: byte === 0xed ? 0x9f : 0xbf };
  return { left: 3, low: byte === 0xf0 ? 0x90 : 0x80, high: byte === 0xf4 ? 0x8f : 0xbf };
}

export function proceed(expected: Expected, byte: number): Expected | null {
  if (byte < expected.low || byte > expected.high) return null;
  return { left: expected.left - 1, low: 0x80, high: 0xbf };
}

// A stretch of bytes: text, or bytes that form no character by themselves.
export type Stretch = { readonly text: string } | { readonly bytes: Uint8Array };

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function stretches(bytes: Uint8Array): Stretch[] {
  const found: Stretch[] = [];
  let start = 0; // of the stretch that is being read
  let valid = true; // what it is
  const close = (end: number) => {
    if (end === start) return;
    const piece = bytes.subarray(start, end);
    found.push(valid ? { text: decoder.decode(piece) } : { bytes: piece });
    start = end;
  };
  for (let i = 0; i < bytes.length; ) {
    const length = characterLength(bytes, i);
    if (valid !== length > 0) close(i);
    valid = length > 0;
    i += Math.max(length, 1);
  }
  close(bytes.length);
  return found;
}

// Of the character that begins at `i`; 0 if none does.
function characterLength(bytes: Uint8Array, i: number): number {
  let expected = begin(bytes[i]!);
  let length = 1;
  while (expected !== null && expected.left > 0) {
    if (i + length >= bytes.length) return 0;
    expected = proceed(expected, bytes[i + length]!);
    ++length;
  }
  return expected === null ? 0 : length;
}
