// What the pointer or the keyboard is at: the branch, or all that were pruned from one parent.

import type { Branch, Search } from "../../data/search.ts";
import { fateWords, chance } from "../../tree/words.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

export interface TipSpot {
  readonly branch: Branch;
  readonly others: readonly Branch[]; // those of the same stub, itself included
  readonly left: number; // on the screen
  readonly top: number;
  readonly height: number;
}

const width = 320;
const most = 6;

export function BranchTip({ spot, search }: { spot: TipSpot | null; search: Search }) {
  if (spot === null) return null;
  const { branch, others, left, top, height } = spot;
  const shown = others.length <= most ? others : [branch, ...others.filter((each) => each !== branch)].slice(0, most);
  const above = top > innerHeight * 0.6;
  const y = above ? { bottom: `${innerHeight - top + 6}px` } : { top: `${top + height + 6}px` };
  return (
    <div class="tip tree-tip" role="presentation" aria-hidden="true" style={{ left: `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`, ...y }}>
      {shown.map((each) => (
        <Lines branch={each} search={search} own={each === branch && shown.length > 1} />
      ))}
      {others.length > shown.length && <p>and {others.length - shown.length} more</p>}
    </div>
  );
}

function Lines({ branch, search, own }: { branch: Branch; search: Search; own: boolean }) {
  const p = chance(branch);
  return (
    <section class={own ? "own" : ""}>
      <div>
        <TokenLabel token={branch.token} />
        <span>
          {!Number.isNaN(p) && (
            <>
              p <Num value={p} unit="probability" />,{" "}
            </>
          )}
          score <Num value={branch.score} unit="nats" />
        </span>
      </div>
      <p>
        step {branch.step + 1}: {fateWords(branch, search)}
      </p>
    </section>
  );
}
