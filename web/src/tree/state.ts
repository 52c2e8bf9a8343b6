// How the tree of a search is looked at, and which of its branches is selected: the one that was picked in the tree, or
// else the token that is selected in the text.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import { samples } from "../data/options.ts";
import { pathTo, type Branch, type Search } from "../data/search.ts";
import { fieldsOf } from "../link.ts";
import type { Reading } from "../reading.ts";
import { wantedBy } from "./edge_text.ts";
import { gridOf, widened, type Grid } from "./grid.ts";
import { layout, type Layout } from "./layout.ts";
import { overtaking, type Overtaking } from "./overtaking.ts";
import { lengthPenaltyOf, rerank, type Ranked } from "./ranking.ts";
import { standings, type Standing } from "./standing.ts";

export type Show = "all" | "ended" | "returned";
const shows: readonly Show[] = ["all", "ended", "returned"];

interface Spot {
  readonly sequence: number;
  readonly index: number;
}

export class TreeState {
  readonly show = signal<Show>("all");
  readonly zoom = signal<number | null>(null); // pixels a token; null: as fits
  readonly width = signal(0); // of the frame, in pixels; 0: not known yet
  readonly lengthPenalty = signal<number | null>(null); // null: as the run
  readonly picked = signal<Branch | null>(null);

  readonly search: ReadonlySignal<Search | null> = computed(() => this.reading.current.value.search);
  readonly standing: ReadonlySignal<(branch: Branch) => Standing> = computed(() =>
    this.search.value ? standings(this.search.value) : () => "lost",
  );
  readonly ranking: ReadonlySignal<readonly Ranked[]> = computed(() => rerank(this.search.value?.ended ?? [], this.lengthPenalty.value));
  readonly winner: ReadonlySignal<Branch | null> = computed(() => this.ranking.value[0]?.ended.end ?? null);
  readonly overtaking: ReadonlySignal<Overtaking | null> = computed(() => {
    const draws = samples(this.reading.current.value.header); // then the candidates are no likeliest ones
    return this.search.value === null || draws ? null : overtaking(this.search.value, this.winner.value);
  });
  readonly ownLengthPenalty: ReadonlySignal<number> = computed(() => lengthPenaltyOf(this.reading.current.value.header));

  // As wide as the words ask for, but where all of it is to be seen at once.
  readonly grid: ReadonlySignal<Grid> = computed(() => {
    const search = this.search.value;
    const grid = gridOf(search?.depth ?? 1, this.width.value, this.zoom.value, (search?.groups ?? 1) > 1);
    const layout = this.layout.value;
    if (search === null || layout === null || this.zoom.value === grid.widest) return grid;
    return widened(grid, search.depth, wantedBy(layout, new Set(search.ended.map(({ end }) => end))));
  });
  readonly layout: ReadonlySignal<Layout | null> = computed(() => {
    const search = this.search.value;
    if (search === null) return null;
    const standing = this.standing.value;
    const least = this.show.value;
    const shown = (branch: Branch) => least === "all" || standing(branch) === "returned" || (least === "ended" && standing(branch) === "ended");
    return layout(search, shown);
  });

  // Where a branch stands in the returned texts, and the other way round.
  readonly #places = computed(() => {
    const spots = new Map<Branch, Spot[]>();
    const branches = new Map<string, Branch>();
    const { sequences } = this.reading.current.value;
    for (const { sequence, end } of this.search.value?.ended ?? []) {
      if (sequence === null) continue;
      const indices = new Map((sequences[sequence] ?? []).map(({ t }, index) => [t, index]));
      for (const branch of pathTo(end)) {
        const index = indices.get(this.search.value!.steps[branch.step]!.t);
        if (index === undefined) continue;
        spots.set(branch, [...(spots.get(branch) ?? []), { sequence, index }]);
        branches.set(`${sequence} ${index}`, branch);
      }
    }
    return { spots, branches };
  });

  // The selected branch; null only where the trace tells none.
  readonly at: ReadonlySignal<Branch | null> = computed(() => {
    const { sequence, index } = this.reading;
    const own = this.#places.value.branches.get(`${sequence.value} ${index.value}`);
    return this.picked.value ?? own ?? this.search.value?.roots[0] ?? null;
  });

  // Whether the step panel shows the choice of which the selected branch is one: of the same text, for the same group.
  readonly shared: ReadonlySignal<boolean> = computed(() => {
    const picked = this.picked.value;
    return picked === null || this.#beside(picked) !== null;
  });

  constructor(readonly reading: Reading) {}

  // Selects a branch, and its token where it stands in a returned text; else the choice that it came from, if it is one
  // that led to a returned text.
  pick(branch: Branch): void {
    batch(() => {
      const spot = this.#spot(branch);
      const near = spot ?? this.#beside(branch);
      if (near) {
        this.reading.sequence.value = near.sequence;
        this.reading.select(near.index);
      }
      this.picked.value = spot ? null : branch;
    });
  }

  isReturned(branch: Branch): boolean {
    return this.#places.value.spots.has(branch);
  }

  go(hash: string): void {
    const fields = fieldsOf(hash);
    const [step, place] = (fields.get("pick") ?? "").split(".").map(Number);
    const branch = this.search.value?.steps[step ?? -1]?.branches[place ?? -1];
    const show = shows.find((each) => each === fields.get("tree"));
    const lengthPenalty = Number(fields.get("length_penalty") ?? NaN);
    batch(() => {
      if (branch) this.pick(branch);
      this.show.value = show ?? "all";
      this.rank(Number.isFinite(lengthPenalty) && fields.get("length_penalty") !== "" ? lengthPenalty : null);
    });
  }

  // What go() reads.
  readonly link: ReadonlySignal<string> = computed(() => {
    const picked = this.picked.value;
    const place = picked && this.search.value?.steps[picked.step]?.branches.indexOf(picked);
    const fields = [
      picked && `pick=${picked.step}.${place}`,
      this.show.value !== "all" && `tree=${this.show.value}`,
      this.lengthPenalty.value !== null && `length_penalty=${this.lengthPenalty.value}`,
    ];
    return fields.filter((field) => typeof field === "string").map((field) => `&${field}`).join("");
  });

  rank(lengthPenalty: number | null): void {
    this.lengthPenalty.value = lengthPenalty === this.ownLengthPenalty.value ? null : lengthPenalty;
  }

  // In the text that is being read, where it is there; else in the best one.
  #spot(branch: Branch): Spot | null {
    const spots = this.#places.value.spots.get(branch) ?? [];
    return spots.find(({ sequence }) => sequence === this.reading.sequence.value) ?? spots[0] ?? null;
  }

  #beside({ parent, group, step }: Branch): Spot | null {
    const { branches } = this.search.value!.steps[step]!;
    const siblings = branches.filter((each) => each.parent === parent && each.group === group);
    return siblings.map((each) => this.#spot(each)).find((spot) => spot !== null) ?? null;
  }
}
