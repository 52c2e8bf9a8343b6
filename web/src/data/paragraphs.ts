// Long texts in pieces that a browser can lay out one by one: from a line end to a line end where there are some.

import type { Group } from "./characters.ts";

const fewest = 150; // groups
const most = 600; // where no line ends

export function paragraphs(groups: readonly Group[]): Group[][] {
  const found: Group[][] = [[]];
  for (const group of groups) {
    const open = found.at(-1)!;
    const full = open.length >= most || (open.length >= fewest && (open.at(-1)!.text?.endsWith("\n") ?? false));
    if (full) found.push([group]);
    else open.push(group);
  }
  return found;
}
