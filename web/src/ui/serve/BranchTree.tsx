// Which text went on from which, once there are branches: a list in lists, each with how it begins.

import { inert } from "../../data/glyphs.ts";
import type { Attempt } from "../../serve/attempt.ts";
import type { ServeState } from "../../serve/state.ts";

interface Props {
  readonly state: ServeState;
  readonly roots: readonly Attempt[];
  readonly below: (parent: Attempt) => readonly Attempt[];
}

export function BranchTree({ state, roots, below }: Props) {
  const branched = roots.filter((root) => below(root).length > 0);
  if (branched.length === 0) return null;
  const list = (attempts: readonly Attempt[]) => (
    <ul>
      {attempts.map((attempt) => (
        <li key={attempt.name}>
          <button type="button" class="link" aria-pressed={state.chosen.value === attempt} onClick={() => (state.chosen.value = attempt)}>
            {inert(attempt.label)}
          </button>{" "}
          <bdi class="note">{beginning(attempt)}</bdi>
          {below(attempt).length > 0 && list(below(attempt))}
        </li>
      ))}
    </ul>
  );
  return (
    <nav class="branch-tree" aria-label="Branches">
      {list(branched)}
    </nav>
  );
}

const longest = 60; // characters

function beginning(attempt: Attempt): string {
  const text = attempt.tokens.value.map(({ shown }) => shown).join("");
  return inert(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
