// The numbers of a step as a table, for the clipboard: tab-separated, every digit, units in the first line.

import type { Picture } from "./picture.ts";
import { spelled } from "./data/spelling.ts";

export function tabSeparated({ rows, other }: Picture): string {
  const head = ["id", "bytes", "token", "logit", "score (logit)", "probability", "cumulative probability", "cut by"];
  if (other !== null) head.push(`probability ${other.label}`, `cut by, ${other.label}`);
  const lines = rows.map(({ token, logit, cell, cumulative, other: theirs }) => {
    const fields = [token.id, token.bytes, spelled(token), logit, cell?.score, cell?.p, cumulative, cell?.cutBy];
    if (other !== null) fields.push(theirs?.p, theirs?.cutBy);
    return fields.map((field) => field ?? "").join("\t");
  });
  return [head.join("\t"), ...lines].join("\n") + "\n";
}
