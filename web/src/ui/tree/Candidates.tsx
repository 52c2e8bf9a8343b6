// Everything that was looked at in the step of the selected branch.

import type { RefObject } from "preact";
import { endOf } from "../../data/plain.ts";
import { pathTo, type Branch, type Search } from "../../data/search.ts";
import { counted } from "../../format.ts";
import { spelled } from "../../data/spelling.ts";
import type { State } from "../../state.ts";
import { fateWords, ownLogP } from "../../tree/words.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

export function Candidates({ state, search, heading }: { state: State; search: Search; heading: RefObject<HTMLHeadingElement | null> }) {
  const { tree } = state;
  const at = tree.at.value;
  if (at === null) return null;
  const { branches } = search.steps[at.step]!;
  const penalties = branches.some(({ penalty }) => penalty !== null);
  const banks = branches.some(({ bank }) => bank !== null);
  const back = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    document.querySelector<HTMLElement>(".tree-frame")?.focus();
    event.stopPropagation();
  };
  return (
    <section class="candidates" aria-labelledby="candidates" onKeyDown={back}>
      <div class="section-head">
        <h2 id="candidates" tabIndex={-1} ref={heading}>
          Step {at.step + 1} of {search.steps.length}: {counted(branches.length, "candidate")}
        </h2>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Candidates of the step, may scroll">
        <table class="numbers">
          <thead>
            <tr>
              {search.groups > 1 && <th scope="col">group</th>}
              <th scope="col">rank</th>
              <th scope="col" class="words">after</th>
              <th scope="col" class="words">token</th>
              <th scope="col">log p</th>
              {penalties && <th scope="col">penalty</th>}
              <th scope="col">score</th>
              {banks && <th scope="col">bank</th>}
              <th scope="col" class="words">fate</th>
            </tr>
          </thead>
          <tbody>
            {branches.map((branch) => (
              <tr class={branch === at ? "chosen" : branch.fate === "pruned" ? "cut" : ""} data-branch={branch.id} onClick={() => tree.pick(branch)}>
                {search.groups > 1 && <td class="num">{branch.group + 1}</td>}
                <td class="num">{branch.rank + 1}</td>
                <td class="words before">
                  <bdi>{before(branch)}</bdi>
                </td>
                <th scope="row" class="words">
                  <button class="link" aria-label={spelled(branch.token, 40)} aria-pressed={branch === at} onClick={() => tree.pick(branch)}>
                    <TokenLabel token={branch.token} />
                  </button>
                </th>
                <td>
                  <Num value={ownLogP(branch)} unit="nats" />
                </td>
                {penalties && <td>{branch.penalty === null ? "–" : <Num value={branch.penalty} unit="nats" />}</td>}
                <td>
                  <Num value={branch.score} unit="nats" />
                </td>
                {banks && <td class="num">{branch.bank ?? "–"}</td>}
                <td class="words fate">
                  <span class={`fate-${branch.fate}`} aria-hidden="true">
                    {signs[branch.fate]}
                  </span>{" "}
                  {fateWords(branch, search)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const signs = { kept: "›", finished: "■", pruned: "×" };

function before({ parent }: Branch): string {
  return parent === null ? "(the prompt)" : endOf(pathTo(parent).map(({ token }) => token), 18);
}
