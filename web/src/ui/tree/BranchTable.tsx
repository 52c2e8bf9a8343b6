// The tree as a table, a page at a time.

import { useSignal } from "@preact/signals";
import type { Search } from "../../data/search.ts";
import type { TreeState } from "../../tree/state.ts";
import { fateWords } from "../../tree/words.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { Num } from "../Num.tsx";

const size = 100;

export function BranchTable({ tree, search }: { tree: TreeState; search: Search }) {
  const all = tree.show.value === "all" ? search.branches : search.branches.filter((branch) => tree.layout.value!.row.has(branch));
  const wanted = Math.max(0, all.indexOf(tree.at.value!));
  const page = useSignal(Math.floor(wanted / size));
  const first = Math.min(page.value, Math.floor((all.length - 1) / size)) * size;
  const last = Math.min(first + size, all.length);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="All branches, may scroll">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">step</th>
            <th scope="col">node</th>
            <th scope="col">parent</th>
            {search.groups > 1 && <th scope="col">group</th>}
            <th scope="col">rank</th>
            <th scope="col" class="words">token</th>
            <th scope="col">log p</th>
            <th scope="col">score</th>
            <th scope="col" class="words">fate</th>
          </tr>
        </thead>
        <tbody>
          {all.slice(first, last).map((branch) => (
            <tr class={branch === tree.at.value ? "chosen" : branch.fate === "pruned" ? "cut" : ""}>
              <td class="num">{branch.step + 1}</td>
              <td class="num">{branch.node ?? "–"}</td>
              <td class="num">{branch.parent?.node ?? 0}</td>
              {search.groups > 1 && <td class="num">{branch.group + 1}</td>}
              <td class="num">{branch.rank + 1}</td>
              <th scope="row" class="words">
                <TokenLabel token={branch.token} />
              </th>
              <td>
                <Num value={branch.logP} unit="nats" />
              </td>
              <td>
                <Num value={branch.score} unit="nats" />
              </td>
              <td class="words fate">{fateWords(branch, search)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > size && (
        <p class="more">
          <button disabled={first === 0} onClick={() => (page.value = first / size - 1)}>
            before
          </button>
          <span>
            {first + 1} to {last} of {all.length}
          </span>
          <button disabled={last === all.length} onClick={() => (page.value = first / size + 1)}>
            after
          </button>
        </p>
      )}
    </div>
  );
}
