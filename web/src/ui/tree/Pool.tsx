// The texts that ended, ranked by score / length^length_penalty, and what another length_penalty would make of them.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { endOf, plainText } from "../../data/plain.ts";
import { inert } from "../../data/glyphs.ts";
import { lacking, pathTo, type Branch, type Ended, type Search } from "../../data/search.ts";
import { counted, fixed } from "../../format.ts";
import type { State } from "../../state.ts";
import { lengthPenalties, type Ranked } from "../../tree/ranking.ts";
import type { TreeState } from "../../tree/state.ts";
import { endWords } from "../../tree/words.ts";
import { Num } from "../Num.tsx";

const first = 12; // rows

export function Pool({ state, search }: { state: State; search: Search }) {
  const { tree } = state;
  const expanded = useSignal(false);
  const ranking = tree.ranking.value;
  const shown = expanded.value ? ranking : ranking.slice(0, first);
  const unmet = search.ended.some((each) => each.unmet.length > 0);
  const differs = useMemo(() => differencesOf(search), [search]);
  const common = useMemo(() => commonPath(search), [search]);
  return (
    <section class="pool" aria-labelledby="pool">
      <div class="section-head">
        <h2 id="pool">Texts that ended</h2>
        <button disabled={tree.lengthPenalty.value === null} onClick={() => tree.rank(null)}>
          as the run
        </button>
      </div>
      <LengthPenalty tree={tree} />
      <p class="note" role="status">
        {outcome(tree)}
      </p>
      <Alike ended={ranking.map(({ ended }) => ended)} differs={differs} />
      {common.length > 0 && ranking.length > 1 && (
        <p class="note">
          All begin with the same {common.length === 1 ? "token" : counted(common.length, "token")}, “<bdi>{endOf(common.map(({ token }) => token), 60)}</bdi>”.
        </p>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label="Texts that ended, may scroll">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">rank</th>
              <th scope="col">answer</th>
              {search.groups > 1 && <th scope="col">group</th>}
              <th scope="col">normalised</th>
              <th scope="col" class="words">text</th>
              {unmet && <th scope="col" class="words">lacks</th>}
              <th scope="col">score</th>
              {differs.length && <th scope="col">length</th>}
              {differs.finish && <th scope="col" class="words">end</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((ranked, rank) => (
              <Row tree={tree} search={search} ranked={ranked} rank={rank} common={common.length} unmet={unmet} differs={differs} />
            ))}
          </tbody>
        </table>
      </div>
      {ranking.length > first && (
        <p class="more">
          <button onClick={() => (expanded.value = !expanded.value)}>
            {expanded.value ? "show fewer" : `show ${ranking.length - first} more`}
          </button>
        </p>
      )}
    </section>
  );
}

function Row(props: { tree: TreeState; search: Search; ranked: Ranked; rank: number; common: number; unmet: boolean; differs: Differences }) {
  const { tree, search, ranked, rank, common, unmet, differs } = props;
  const { ended, normalized } = ranked;
  const tokens = pathTo(ended.end).map(({ token }) => token);
  return (
    <tr class={`${rank === 0 ? "best" : ""}${tree.at.value === ended.end ? " chosen" : ""}`} data-rank={rank} onClick={() => tree.pick(ended.end)}>
      <th scope="row" class="num">
        {rank === 0 ? "> " : ""}
        <button class="link" aria-label={`rank ${rank + 1}: to its end in the tree`} onClick={() => tree.pick(ended.end)}>
          {rank + 1}
        </button>
      </th>
      <td class="num" title={`rank ${ended.rank + 1} in the run`}>
        {ended.sequence === null ? "none" : ended.sequence + 1}
      </td>
      {search.groups > 1 && <td class="num">{ended.end.group + 1}</td>}
      <td class="normalized">
        <Num value={normalized} unit="normalised" />
      </td>
      <td class="words hypothesis">
        <bdi title={ellipsis(plainText(tokens))}>
          {common > 0 ? "…" : ""}
          {ellipsis(plainText(tokens.slice(common)))}
        </bdi>
      </td>
      {unmet && <td class="words">{ended.unmet.length === 0 ? "" : ended.unmet.map((word) => `“${inert(word.slice(0, 80))}”`).join(", ")}</td>}
      <td>
        <Num value={ended.score} unit="nats" />
      </td>
      {differs.length && (
        <td>
          <Num value={ended.length} unit="count" />
        </td>
      )}
      {differs.finish && (
        <td class="words">
          <span title={endWords(ended.finish)}>{inert(ended.finish)}</span>
        </td>
      )}
    </tr>
  );
}

// What is not the same of all of them, so that it has a column.
interface Differences {
  readonly length: boolean;
  readonly finish: boolean;
}

function differencesOf({ ended }: Search): Differences {
  const [first] = ended;
  return { length: ended.some(({ length }) => length !== first?.length), finish: ended.some(({ finish }) => finish !== first?.finish) };
}

function Alike({ ended, differs }: { ended: readonly Ended[]; differs: Differences }) {
  const [first] = ended;
  if (!first || ended.length < 2 || (differs.length && differs.finish)) return null;
  const length = differs.length ? "" : ` are ${counted(first.length, "token")} long, so length_penalty changes nothing`;
  const finish = differs.finish ? "" : ` ended for one reason: ${endWords(first.finish)}`;
  return (
    <p class="note">
      All{length}
      {length && finish ? ", and" : ""}
      {finish}.
    </p>
  );
}

function LengthPenalty({ tree }: { tree: TreeState }) {
  const own = tree.ownLengthPenalty.value;
  const value = tree.lengthPenalty.value ?? own;
  const set = (event: Event) => {
    const entered = (event.currentTarget as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(entered)) tree.rank(entered);
  };
  const { min, max, step } = lengthPenalties;
  return (
    <div class={`slider${value !== own ? " moved" : ""}`}>
      <label for="range-length_penalty">length_penalty</label>
      <input type="range" id="range-length_penalty" min={min} max={max} step={step} value={value} onInput={set} />
      <input type="number" aria-label="length_penalty, exact" step="any" value={value} onChange={set} />
      <span class="note">{value === 0 ? "off" : ""}</span>
    </div>
  );
}

function outcome(tree: TreeState): string {
  const own = tree.ownLengthPenalty.value;
  const [best] = tree.ranking.value;
  if (!best) return "No text ended.";
  const lacks = lacking(tree.ranking.value.map(({ ended }) => ended));
  const some = tree.ranking.value.some(({ ended }) => lacks(ended) > 0);
  const used = `The run used ${written(own)}.${some ? " Texts that lack forced words come last." : ""}`;
  if (tree.lengthPenalty.value === null) return `${used} Ranked by score / length^length_penalty, the best first; above 0 favours longer texts.`;
  const same = best.ended.rank === 0 ? "the best text is the same" : `the best text is the run's ${best.ended.rank + 1}${ordinal(best.ended.rank + 1)}`;
  return `${used} With ${written(tree.lengthPenalty.value)} ${same} (${fixed(best.normalized, 3)}). The search itself might then have kept other texts.`;
}

function written(value: number): string {
  return String(value).replace("-", "−");
}

function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  return teen ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
}

// What all of them begin with.
function commonPath({ ended }: Search): Branch[] {
  const paths = ended.map(({ end }) => pathTo(end));
  const shortest = paths.reduce((a, b) => (b.length < a.length ? b : a), paths[0] ?? []);
  const parting = shortest.findIndex((branch, i) => i + 1 === shortest.length || paths.some((path) => path[i] !== branch));
  return shortest.slice(0, Math.max(0, parting));
}

function ellipsis(text: string): string {
  return text.length > 600 ? text.slice(0, 599) + "…" : text;
}
