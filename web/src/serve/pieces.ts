// Bytes of tokens as text, each character with the last of its bytes.

import { fromHex } from "../data/bytes.ts";

export class Utf8Pieces {
  readonly #decoder = new TextDecoder();

  push(hex: string): string {
    return this.#decoder.decode(fromHex(hex), { stream: true });
  }
}
