// Tokens that stand for no text: ends, roles, padding. The trace gives their names only, which follow a few habits.

import type { Token } from "./token.ts";

const names =
  /^(<[|｜][^<>]*[|｜]>|<unused\d+>|\[(CLS|SEP|PAD|MASK|UNK|BOS|EOS)\]|<(s|\/s|pad|unk|bos|eos|mask|start_of_turn|end_of_turn|repo_?name|file_sep)>)$/;

export function isSpecial(token: Token): boolean {
  return token.bytes === "" || names.test(token.piece);
}
