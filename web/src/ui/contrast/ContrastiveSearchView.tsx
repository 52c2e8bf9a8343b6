// Contrastive search: what each candidate gains by its probability and loses by its likeness to the text so far, the past
// that it is like, and who would have won under another penalty_alpha.

import type { State } from "../../state.ts";
import { Alpha } from "./Alpha.tsx";
import { ChangesTable } from "./ChangesTable.tsx";
import { PastPanel } from "./PastPanel.tsx";
import { Terms } from "./Terms.tsx";
import { TermsTable } from "./TermsTable.tsx";
import { WinnerMap } from "./WinnerMap.tsx";

export function ContrastiveSearchView({ state }: { state: State }) {
  const search = state.contrast.search.value;
  if (search === null) return null;
  return (
    <div class="contrast">
      <Terms state={state} search={search} />
      <PastPanel state={state} search={search} />
      <Alpha state={state} search={search} />
      <WinnerMap state={state} />
    </div>
  );
}

export function SearchNumbers({ state }: { state: State }) {
  const search = state.contrast.search.value;
  return (
    <>
      {search && <TermsTable state={state} search={search} />}
      <ChangesTable state={state} />
    </>
  );
}
