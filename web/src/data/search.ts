// The tree of a search that keeps several texts alive, as its trace tells it step by step. Every branch continues one that
// came before it, so there are no cycles; branches of unknown parents, and further ones of a known node, are left out.
// log_p, scores: natural logarithms, after the processors.

import { list, number, optional, text, type Json } from "./json.ts";
import { readToken, type Token } from "./token.ts";

export type Fate = "kept" | "finished" | "pruned";

export interface Branch {
  readonly id: number; // its place among all of the search
  readonly node: number | null; // null: pruned
  readonly parent: Branch | null; // null: the prompt
  readonly children: readonly Branch[]; // by rank of consideration
  readonly depth: number; // tokens behind the prompt, itself counted
  readonly step: number; // index of the step that made it
  readonly group: number;
  readonly rank: number; // in its group, 0 first
  readonly token: Token;
  readonly logP: number; // what it adds to the score
  readonly score: number;
  readonly fate: Fate;
  readonly reason: string | null;
  readonly lane: number | null; // kept: 0 is the best
  readonly finish: string | null; // where it ended; with the two below
  readonly length: number | null;
  readonly normalized: number | null;
  readonly penalty: number | null; // for diversity, contained in log_p
  readonly bank: number | null; // how far it is with the forced words
}

export interface SearchStep {
  readonly t: number; // position of the token, the prompt counted
  readonly seconds: number | null;
  readonly branches: readonly Branch[];
}

// A text that ended.
export interface Ended {
  readonly rank: number; // in the run, 0 is the best
  readonly sequence: number | null; // null: it was not returned
  readonly end: Branch;
  readonly score: number;
  readonly length: number; // as length_penalty counts it
  readonly normalized: number;
  readonly finish: string;
  readonly unmet: readonly string[];
}

export interface Search {
  readonly steps: readonly SearchStep[];
  readonly branches: readonly Branch[]; // by id
  readonly roots: readonly Branch[]; // those that continue the prompt
  readonly ended: readonly Ended[]; // by rank
  readonly groups: number;
  readonly depth: number; // of the deepest branch
}

interface Growing extends Branch {
  readonly children: Growing[];
}

export class SearchReader {
  readonly #steps: SearchStep[] = [];
  readonly #branches: Growing[] = [];
  readonly #nodes = new Map<number, Growing>();
  readonly #roots: Growing[] = [];
  #ended: Ended[] | null = null;

  addStep(json: Json): void {
    const step = this.#steps.length;
    const branches = list(json.candidates)
      .map((candidate) => this.#add(candidate, step))
      .filter((branch) => branch !== null);
    this.#steps.push({ t: number(json.t, step), seconds: optional(json.seconds), branches });
  }

  addFinished(json: unknown): void {
    const found = list(json).map((entry) => ({ entry, end: this.#nodes.get(number(entry.node, -1)) }));
    const ended = found.flatMap(({ entry, end }) => (end ? [{ entry, end }] : [])).map(({ entry, end }) => ({
      rank: 0,
      sequence: optional(entry.seq),
      end,
      score: number(entry.score, end.score),
      length: number(entry.length, end.depth),
      normalized: number(entry.normalized, NaN),
      finish: text(entry.finish),
      unmet: Array.isArray(entry.unmet) ? entry.unmet.map(text) : [],
    }));
    const lacks = lacking(ended);
    this.#ended = ended.sort((a, b) => lacks(a) - lacks(b)).map((each, rank) => ({ ...each, rank }));
  }

  // Null where no step was added.
  search(): Search | null {
    if (this.#branches.length === 0) return null;
    return {
      steps: this.#steps,
      branches: this.#branches,
      roots: this.#roots,
      ended: this.#ended ?? endedSoFar(this.#branches),
      groups: this.#branches.reduce((most, { group }) => Math.max(most, group + 1), 1),
      depth: this.#branches.reduce((most, { depth }) => Math.max(most, depth), 0),
    };
  }

  #add(json: Json, step: number): Growing | null {
    const from = number(json.parent, -1);
    const parent = this.#nodes.get(from) ?? null;
    if (parent === null ? from !== 0 : parent.step === step || parent.fate === "finished") return null;
    const node = optional(json.node);
    if (node !== null && (node <= 0 || this.#nodes.has(node))) return null;
    const fate = json.fate === "kept" || json.fate === "finished" ? json.fate : "pruned";
    const branch: Growing = {
      id: this.#branches.length,
      node,
      parent,
      children: [],
      depth: (parent?.depth ?? 0) + 1,
      step,
      group: Math.max(0, Math.trunc(number(json.group, 0))),
      rank: number(json.rank, 0),
      token: readToken(json.token),
      logP: number(json.log_p, NaN),
      score: number(json.score, NaN),
      fate: node === null ? "pruned" : fate,
      reason: typeof json.reason === "string" ? json.reason : null,
      lane: optional(json.lane),
      finish: typeof json.finish === "string" ? json.finish : null,
      length: optional(json.length),
      normalized: optional(json.normalized),
      penalty: optional(json.penalty),
      bank: optional(json.bank),
    };
    this.#branches.push(branch);
    if (node !== null) this.#nodes.set(node, branch);
    (parent?.children ?? this.#roots).push(branch);
    return branch;
  }
}

// 1 for the texts that stand behind all others because they lack forced words. In a run whose best answer lacks some
// (hf_compat), that did not count.
export function lacking(ended: readonly Ended[]): (text: Ended) => number {
  const counts = !ended.some(({ sequence, unmet }) => sequence === 0 && unmet.length > 0);
  return ({ unmet }) => (counts && unmet.length > 0 ? 1 : 0);
}

// Of a search that was cut short: what had ended by then.
function endedSoFar(branches: readonly Branch[]): Ended[] {
  return branches
    .filter(({ fate }) => fate === "finished")
    .sort((a, b) => (b.normalized ?? b.score) - (a.normalized ?? a.score))
    .map((end, rank) => ({
      rank,
      sequence: null,
      end,
      score: end.score,
      length: end.length ?? end.depth,
      normalized: end.normalized ?? NaN,
      finish: end.finish ?? "",
      unmet: [],
    }));
}

// From the first token behind the prompt to the branch itself.
export function pathTo(branch: Branch): Branch[] {
  const path: Branch[] = [];
  for (let at: Branch | null = branch; at !== null; at = at.parent) path.push(at);
  return path.reverse();
}
