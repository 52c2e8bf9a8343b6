// The views of a step. A strategy whose records carry more than candidates adds its own here.

import type { ComponentType } from "preact";
import type { Decision } from "../data/record.ts";
import type { State } from "../state.ts";
import { contrastTable } from "../contrast/tables.ts";
import type { Contrast } from "../data/contrast.ts";
import { Butterfly } from "./Butterfly.tsx";
import { ContrastiveDecodingView, DecodingNumbers } from "./contrast/ContrastiveDecodingView.tsx";
import { ContrastiveSearchView, SearchNumbers } from "./contrast/ContrastiveSearchView.tsx";
import { DolaNumbers, DolaView } from "./contrast/DolaView.tsx";
import { DualAxis } from "./DualAxis.tsx";
import { NumbersTable } from "./NumbersTable.tsx";
import { copyGuesses, SpeculationNumbers, SpeculationView } from "./speculation/SpeculationView.tsx";

export interface OwnNumbers {
  readonly Table: ComponentType<{ state: State }>;
  readonly copy: (decision: Decision) => string; // tab-separated
}

export interface View {
  readonly id: string;
  readonly label: string;
  readonly fits: (decision: Decision) => boolean;
  readonly Show: ComponentType<{ state: State }>;
  readonly scaled?: boolean; // its probabilities may be logarithmic
  readonly own?: OwnNumbers; // instead of the picture's: it shows no other settings and no other run
}

const hasCandidates = (decision: Decision) => decision.top.length > 0;

const carries = (kind: Contrast["kind"]) => (decision: Decision) => decision.contrast?.kind === kind;
const copy = ({ contrast }: Decision) => contrastTable(contrast);

// A strategy's own view has the strategy's name and is the first to be shown.
export const views: readonly View[] = [
  { id: "contrastive_search", label: "contrast", fits: carries("contrastive_search"), Show: ContrastiveSearchView, own: { Table: SearchNumbers, copy } },
  { id: "contrastive_decoding", label: "contrast", fits: carries("contrastive_decoding"), Show: ContrastiveDecodingView, scaled: true, own: { Table: DecodingNumbers, copy } },
  { id: "dola", label: "contrast", fits: carries("dola"), Show: DolaView, scaled: true, own: { Table: DolaNumbers, copy } },
  { id: "speculative", label: "guesses", fits: ({ speculative }) => speculative !== null, Show: SpeculationView, own: { Table: SpeculationNumbers, copy: copyGuesses } },
  { id: "butterfly", label: "rows", fits: hasCandidates, Show: Butterfly, scaled: true },
  { id: "columns", label: "columns", fits: hasCandidates, Show: DualAxis, scaled: true },
  { id: "numbers", label: "numbers", fits: () => true, Show: NumbersTable },
];
