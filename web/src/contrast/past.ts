// The text up to a step, token by token: the prompt, as far as the trace tells its tokens, and what was generated.

import type { Token } from "../data/token.ts";
import { plainText } from "../data/plain.ts";
import type { Run, Step } from "../data/trace.ts";

export interface PastToken {
  readonly position: number;
  readonly index: number | null; // among the generated tokens; null: in the prompt
  readonly text: string | null; // null: not known
}

export class Past {
  readonly promptLength: number;
  readonly #prompt: readonly string[];

  constructor(
    run: Run,
    readonly steps: readonly Step[],
  ) {
    this.promptLength = steps[0]?.t ?? run.header.promptIds.length;
    this.#prompt = promptTexts(run);
  }

  at(position: number): PastToken {
    const index = position - this.promptLength;
    if (index < 0) return { position, index: null, text: this.#prompt[position] ?? null };
    const step = this.steps[index];
    return { position, index, text: step ? plainText([step.token]) : null };
  }

  // The tokens around one: none after `end`, none that are not known.
  around(position: number, before: number, after: number, end: number): PastToken[] {
    const first = Math.max(0, position - before);
    const last = Math.min(position + after, end - 1);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => this.at(first + i)).filter(({ text }) => text !== null);
  }
}

// Where the trace has no prompt tokens: a tokenizer's words are at least a token each, so as many words as tokens are
// the tokens.
function promptTexts({ header }: Run): readonly string[] {
  if (header.promptTokens.length > 0) return header.promptTokens.map((token: Token) => plainText([token]));
  const words = header.promptText.match(/'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu) ?? [];
  return words.length === header.promptIds.length ? words : [];
}
