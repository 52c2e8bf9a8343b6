// The numbers of the contrast views for the clipboard: tab-separated, every digit, units in the first line.

import type { Contrast, Dola } from "../data/contrast.ts";
import { spelled } from "../data/spelling.ts";
import type { State } from "../state.ts";

type Field = string | number | null;

function tabbed(head: readonly string[], rows: readonly (readonly Field[])[]): string {
  const clean = (value: Field) => (value === null || Number.isNaN(value) ? "" : String(value).replace(/[\t\n\r]/g, " "));
  return [head, ...rows].map((row) => row.map(clean).join("\t")).join("\n") + "\n";
}

// Of one step.
export function contrastTable(contrast: Contrast | null): string {
  switch (contrast?.kind) {
    case "contrastive_search":
      return tabbed(
        ["id", "token", "probability", "similarity (cosine)", "score", "most similar position", "positions and cosines"],
        contrast.candidates.map((each) => [
          each.id,
          spelled(each),
          each.p,
          each.similarity,
          each.score,
          each.nearest[0]?.position ?? null,
          each.nearest.map(({ position, cosine }) => `${position}:${cosine}`).join(" "),
        ]),
      );
    case "contrastive_decoding":
      return tabbed(
        ["id", "token", "expert (log p)", "amateur (log p)", "contrast", "score", "fate"],
        contrast.candidates.map((each) => [each.id, spelled(each), each.expert, each.amateur, each.contrast, each.score, each.fate]),
      );
    case "dola":
      return tabbed(
        ["id", "token", "final (log p)", `layer ${contrast.chosen} (log p)`, "score"],
        contrast.candidates.map((each) => [each.id, spelled(each), each.final, each.premature, each.score]),
      );
    default:
      return "";
  }
}

// Of a whole run: a line a token and layer.
export function layerTable(state: State): string {
  const row = (i: number, dola: Dola): Field[][] =>
    [...dola.layers, dola.final].map(({ layer, divergence, p, top }) => [
      i + 1,
      spelled(state.steps.value[i]!.token),
      layer ?? "final",
      layer === null ? null : divergence,
      p,
      layer !== null && layer === dola.chosen ? "subtracted" : "",
      ...top.flatMap((each) => [spelled(each), each.p]),
    ]);
  const head = ["step", "token", "layer", "divergence (nats)", "p of the token", "role", "likeliest", "p", "2nd", "p", "3rd", "p", "4th", "p", "5th", "p"];
  return tabbed(head, state.contrast.dola.value.flatMap((dola, i) => (dola ? row(i, dola) : [])));
}
