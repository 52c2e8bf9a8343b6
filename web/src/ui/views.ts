// The views of a step. A strategy whose records carry more than candidates adds its own here.

import type { ComponentType } from "preact";
import type { Decision } from "../data/record.ts";
import type { State } from "../state.ts";
import { Butterfly } from "./Butterfly.tsx";
import { DualAxis } from "./DualAxis.tsx";
import { NumbersTable } from "./NumbersTable.tsx";

export interface View {
  readonly id: string;
  readonly label: string;
  readonly fits: (decision: Decision) => boolean;
  readonly Show: ComponentType<{ state: State }>;
}

const hasCandidates = (decision: Decision) => decision.top.length > 0;

export const views: readonly View[] = [
  { id: "butterfly", label: "rows", fits: hasCandidates, Show: Butterfly },
  { id: "columns", label: "columns", fits: hasCandidates, Show: DualAxis },
  { id: "numbers", label: "numbers", fits: () => true, Show: NumbersTable },
];
