// What the lines and signs of the tree mean; only those that this search has.

import type { Search } from "../../data/search.ts";
import { widths } from "../../tree/drawing.ts";
import { groupShape, signPath } from "../../tree/signs.ts";
import type { TreeState } from "../../tree/state.ts";
import { reasonOf } from "../../tree/words.ts";

export function Legend({ tree, search }: { tree: TreeState; search: Search }) {
  const pruned = tree.show.value === "all";
  const reasons = [...new Set(search.branches.filter(({ fate }) => fate === "pruned").map(({ reason }) => reason))];
  const cutOff = search.ended.some(({ finish }) => finish !== "stop");
  const groups = Math.min(search.groups, 12);
  return (
    <ul class="legend tree-legend" aria-label="Legend of the tree">
      <li>
        <svg width="32" height="12" aria-hidden="true">
          <path class="winning" stroke-width="6" d="M0 6H32" />
        </svg>
        best text
      </li>
      {tree.overtaking.value && (
        <li>
          <svg class="greedy-way" width="32" height="12" aria-hidden="true">
            <path d="M0 6H32" />
          </svg>
          greedy's way
        </li>
      )}
      <li>
        {widths.map(({ width, label }) => (
          <span class="width-key">
            <svg width="24" height="12" aria-hidden="true">
              <path class="ended" stroke-width={width} d="M0 6H24" />
            </svg>
            {label}
          </span>
        ))}
      </li>
      {search.ended.length > 0 && (
        <li>
          <span class="end returned">
            <b>2</b>
          </span>
          returned,{" "}
          <span class="end">
            <b>5</b>
          </span>
          ended, with its rank
          {cutOff && (
            <>
              ;{" "}
              <span class="end cut-off">
                <b>3</b>
              </span>{" "}
              square: cut off by a limit
            </>
          )}
        </li>
      )}
      {groups > 1 &&
        Array.from({ length: groups }, (_, group) => (
          <li>
            <svg width="28" height="12" aria-hidden="true">
              <path class={`ended g${group % 6}`} stroke-width="2" d="M0 6H28" />
              <path class={`fork g${group % 6}`} d={groupShape(group)(14, 6)} />
            </svg>
            group {group + 1}
          </li>
        ))}
      {pruned &&
        reasons.map((reason) => (
          <li>
            <svg width="24" height="16" aria-hidden="true">
              <path class="stub f0" d="M0 2L5 5" />
              <path class="stub f1" d="M5 5L9 8" />
              <path class="stub f2" d="M9 8L13 11" />
              {reason !== null && signPath(reason) && <path class="sign" d={signPath(reason)!(18, 11)} />}
            </svg>
            {reasonOf(reason).short}
          </li>
        ))}
    </ul>
  );
}
