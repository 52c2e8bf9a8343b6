// What the step panel shows while the tree's selection is in no returned text.

import type { State } from "../../state.ts";
import { quoted } from "../words.ts";

export function PickedNote({ state }: { state: State }) {
  const { picked, shared } = state.tree;
  const branch = picked.value;
  if (branch === null) return null;
  const answer = `answer ${state.sequence.value + 1}`;
  return (
    <p class="note picked">
      {shared.value
        ? `The tree's ${quoted(branch.token)} was a choice at this place of ${answer}: this is the distribution it came from.`
        : `The tree's ${quoted(branch.token)} leads to no returned text, so its distribution is not recorded. This is still ${answer}.`}
    </p>
  );
}
