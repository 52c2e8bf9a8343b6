// The tree as a table, a page at a time.

import type { Branch, Search } from "../../data/search.ts";
import type { TreeState } from "../../tree/state.ts";
import { fateWords, ownLogP } from "../../tree/words.ts";
import { TokenLabel } from "../Glyphs.tsx";
import { numbers, Table, type Column } from "../Table.tsx";

export function BranchTable({ tree, search }: { tree: TreeState; search: Search }) {
  const all = tree.show.value === "all" ? search.branches : search.branches.filter((branch) => tree.layout.value!.row.has(branch));
  const group: Column<Branch> = { head: "group", kind: "num", cell: (branch) => branch.group + 1 };
  const columns: Column<Branch>[] = [
    { head: "step", kind: "num", cell: ({ step }) => step + 1 },
    { head: "node", kind: "num", cell: ({ node }) => node ?? "–" },
    { head: "parent", kind: "num", cell: ({ parent }) => parent?.node ?? 0 },
    ...(search.groups > 1 ? [group] : []),
    { head: "rank", kind: "num", cell: ({ rank }) => rank + 1 },
    { head: "token", kind: "words", names: true, cell: ({ token }) => <TokenLabel token={token} /> },
    numbers("log p", "nats", ownLogP),
    numbers("score", "nats", ({ score }) => score),
    { head: "fate", kind: "words fate", cell: (branch) => fateWords(branch, search) },
  ];
  const at = tree.at.value;
  const rowClass = (branch: Branch) => (branch === at ? "chosen" : branch.fate === "pruned" ? "cut" : "");
  return <Table label="All branches" columns={columns} rows={all} rowClass={rowClass} size={100} at={Math.max(0, all.indexOf(at!))} />;
}
