// The trace of a beam search that has really run, on a table of random scores over a small vocabulary: what the page must
// be able to show, consistent in every number. Groups avoid each other's tokens as in diverse beam search; forced words
// take their places bank by bank as in constrained beam search, in the simplest form that has all the reasons.

import { token, type TokenJson } from "./fixtures.ts";
import { random } from "./random.ts";

export interface Setting {
  readonly beams: number;
  readonly steps: number; // tokens at most
  readonly groups?: number;
  readonly penalty?: number; // diversity_penalty
  readonly forced?: readonly number[]; // ids of the tokens that must occur
  readonly lengthPenalty?: number;
  readonly returned?: number; // num_return_sequences
  readonly end?: number; // added to the score of the end: how soon texts end
  readonly sharp?: number; // how far the scores lie apart
  readonly seed?: number;
  readonly words?: readonly string[];
  readonly top?: number; // candidates listed in a decision
}

interface Text {
  readonly node: number;
  readonly ids: readonly number[];
  readonly score: number;
  readonly group: number;
}

interface Extension {
  readonly from: Text;
  readonly id: number;
  readonly logP: number;
  readonly score: number;
  readonly penalty: number;
}

interface Ended extends Text {
  readonly normalized: number;
  readonly finish: string;
  readonly unmet: readonly string[];
}

export const plain =
  ("the| a| of| and| to| in| was| he| she| it| that| his| her| had| with| for| on| at| by| not| all| one| were| from| so|" +
    " said| out| up| into| them| been| when| what| there| who| will| more| no| if| would| their| which| old| sea| light|" +
    " keeper| tower| night| storm| ship| lamp| stairs| window| waves| wind| morning| quiet| shore| alone| looked| waited|" +
    " remembered| lighthouse| understanding|,|.|\n|;|'s|ing|ed|ly| extraordinarily|—| über| 海|!").split("|");

export const promptLength = 5;
const end: TokenJson = { id: 0, bytes: "", text: "", piece: "<|im_end|>" };

export function beamTrace(setting: Setting): string {
  const words = setting.words ?? plain;
  const vocabulary = [end, ...words.map((word, i) => token(i + 1, word))];
  return new Search(setting, vocabulary).run();
}

class Search {
  readonly lines: object[] = [];
  readonly ended: Ended[] = [];
  nodes = 0;

  constructor(
    readonly setting: Setting,
    readonly vocabulary: readonly TokenJson[],
  ) {}

  run(): string {
    const { beams, groups = 1, steps } = this.setting;
    const width = beams / groups;
    let alive: Text[][] = Array.from({ length: groups }, (_, group) => [{ node: 0, ids: [], score: 0, group }]);
    for (let step = 0; step < steps && alive.some((texts) => texts.length > 0); ++step) {
      const candidates: object[] = [];
      const taken: number[] = [];
      let lane = 0;
      alive = alive.map((texts, group) => {
        if (texts.length === 0) return [];
        const next = this.step(texts, group, width, step + 1 === steps, taken, candidates, lane);
        lane += next.length;
        taken.push(...next.map(({ ids }) => ids.at(-1)!));
        const best = this.pool(group, width);
        const done = best.length === width && next.length > 0 && this.normalize(next[0]!.score, step + 1) <= best.at(-1)!.normalized;
        return done ? [] : next;
      });
      this.lines.push({ schema: 2, search: { t: promptLength + step, seconds: 0.04 * (step + 1), candidates } });
    }
    this.answer();
    const header = { model: "toy", strategy: this.strategy(), options: this.options(), prompt_ids: [1, 2, 3, 4, 5], prompt_text: "The old man looked at" };
    return this.lines.map((line, i) => JSON.stringify(i === 0 ? { run: header, ...line } : line)).join("\n") + "\n";
  }

  step(texts: readonly Text[], group: number, width: number, last: boolean, taken: readonly number[], candidates: object[], lane: number): Text[] {
    const { forced = [] } = this.setting;
    const all = this.extensions(texts, taken);
    const offered = all.slice(0, 2 * width);
    const order = forced.length > 0 ? this.byBank(all, offered, width) : offered;
    const free = [...all].sort((a, b) => b.score + b.penalty - a.score - a.penalty).slice(0, width);
    const shown = [...order, ...free.filter((each) => each.penalty > 0 && !order.includes(each))];
    const going: Text[] = [];
    shown.forEach((each, rank) => {
      const ids = [...each.from.ids, each.id];
      const unmet = forced.filter((id) => !ids.includes(id)).map((id) => this.vocabulary[id]!.text);
      const fields = {
        parent: each.from.node,
        group,
        rank,
        token: this.vocabulary[each.id],
        log_p: each.logP,
        score: each.score,
        ...(each.penalty > 0 ? { penalty: each.penalty } : {}),
        ...(forced.length > 0 ? { bank: forced.length - unmet.length } : {}),
      };
      const prune = (reason: string, more = {}) => candidates.push({ node: null, ...fields, fate: "pruned", reason, ...more });
      if (each.id === end.id || last) {
        const ending = { finish: each.id === end.id ? "stop" : "length", length: ids.length, normalized: this.normalize(each.score, ids.length) };
        if (rank >= width) return prune("finished");
        if (unmet.length > 0 && each.id === end.id) return prune("constraint unmet");
        const pool = this.pool(group, width);
        const reason = pool.length === width && ending.normalized <= pool.at(-1)!.normalized ? "pool" : null;
        this.ended.push({ node: ++this.nodes, ids, score: each.score, group, unmet, normalized: ending.normalized, finish: ending.finish });
        candidates.push({ node: this.nodes, ...fields, fate: "finished", reason, ...ending });
      } else if (going.length < width && order.includes(each)) {
        going.push({ node: ++this.nodes, ids, score: each.score, group });
        candidates.push({ node: this.nodes, ...fields, fate: "kept", reason: null, lane: lane + going.length - 1 });
      } else if (each.penalty > 0 && free.includes(each)) prune("group penalty");
      else prune(offered.indexOf(each) >= 0 && offered.indexOf(each) < width ? "constraint bank" : "rank");
    });
    return going;
  }

  extensions(texts: readonly Text[], taken: readonly number[]): Extension[] {
    const { penalty = 0 } = this.setting;
    return texts
      .flatMap((from) =>
        this.logP(from.ids).map((free, id) => {
          const cost = penalty * taken.filter((each) => each === id).length;
          return { from, id, logP: free - cost, score: from.score + free - cost, penalty: cost };
        }),
      )
      .sort((a, b) => b.score - a.score);
  }

  // Those that are further in the forced tokens take turns with the others; every beam may take a step towards them.
  byBank(all: readonly Extension[], offered: readonly Extension[], width: number): Extension[] {
    const { forced = [] } = this.setting;
    const bank = ({ from, id }: Extension) => forced.filter((each) => from.ids.includes(each) || each === id).length;
    const advances = all.filter(({ from, id }) => forced.includes(id) && !from.ids.includes(id)).slice(0, width);
    const every = [...new Set([...offered, ...advances])].sort((a, b) => b.score - a.score);
    const banks = forced.map((_, i) => i).concat(forced.length).map((n) => every.filter((each) => bank(each) === n)).reverse();
    return every.map((_, turn) => banks.map((each) => each[turn])).flat().filter((each) => each !== undefined);
  }

  // The random table: scores of the next token by the two tokens before it.
  logP(ids: readonly number[]): number[] {
    const { seed = 1, sharp = 2.2, end: ending = -1 } = this.setting;
    const next = random(seed * 7919 + (ids.at(-1) ?? 0) * 104729 + (ids.at(-2) ?? 0) * 1299709 + (ids.length < 2 ? 17 : 0));
    const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const scores = this.vocabulary.map((_, id) => sharp * normal() + (id === 0 ? ending - (ids.length < 3 ? 9 : 0) : 0));
    const best = Math.max(...scores);
    const lse = best + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - best), 0));
    return scores.map((score) => score - lse);
  }

  normalize(score: number, length: number): number {
    return score / length ** (this.setting.lengthPenalty ?? 1);
  }

  pool(group: number, width: number): Ended[] {
    return this.ended.filter((each) => each.group === group).sort((a, b) => b.normalized - a.normalized).slice(0, width);
  }

  answer(): void {
    const { beams, groups = 1, returned = beams } = this.setting;
    const best = Array.from({ length: groups }, (_, group) => this.pool(group, beams / groups)).flat();
    const order = (a: Ended, b: Ended) => a.unmet.length - b.unmet.length || b.normalized - a.normalized;
    const answers = best.sort(order).slice(0, returned);
    const finished = [...this.ended].sort((a, b) => b.normalized - a.normalized).map((each) => ({
      seq: answers.includes(each) ? answers.indexOf(each) : null,
      node: each.node,
      group: each.group,
      score: each.score,
      length: each.ids.length,
      normalized: each.normalized,
      finish: each.finish,
      unmet: each.unmet,
    }));
    this.lines.push({ schema: 2, finished });
    answers.forEach((each, seq) => each.ids.forEach((_, i) => this.lines.push(this.decision(each, seq, i))));
  }

  decision({ ids, finish }: Ended, seq: number, i: number): object {
    const logP = this.logP(ids.slice(0, i));
    const order = logP.map((_, id) => id).sort((a, b) => logP[b]! - logP[a]!);
    const id = ids[i]!;
    const entropy = logP.reduce((sum, x) => sum - (Math.exp(x) * x) / Math.LN2, 0);
    const listed = order.slice(0, this.setting.top ?? 20);
    const rest = order.slice(listed.length);
    return {
      schema: 3,
      seq,
      t: promptLength + i,
      token: this.vocabulary[id],
      logit: logP[id],
      p_raw: Math.exp(logP[id]!),
      p: Math.exp(logP[id]!),
      rank: order.indexOf(id) + 1,
      race: null,
      logsumexp: 0,
      tail_mass: rest.reduce((sum, each) => sum + Math.exp(logP[each]!), 0),
      entropy,
      entropy_raw: entropy,
      kept: logP.length,
      finish: i + 1 === ids.length ? finish : null,
      seconds: 0.04 * (i + 1),
      stages: [],
      top: listed.map((each) => ({ ...this.vocabulary[each], logit: logP[each], score: logP[each], p: Math.exp(logP[each]!), cut_by: null })),
      tail: { logit: rest.map((each) => logP[each]), count: rest.map(() => 1) },
    };
  }

  strategy(): string {
    return this.setting.forced ? "constrained_beam" : (this.setting.groups ?? 1) > 1 ? "diverse_beam" : "beam";
  }

  options(): object {
    const { beams, groups = 1, penalty = 0, lengthPenalty = 1, returned = beams } = this.setting;
    return {
      num_beams: beams,
      num_beam_groups: groups,
      diversity_penalty: penalty,
      length_penalty: lengthPenalty,
      early_stopping: "false",
      normalize: "",
      num_return_sequences: returned,
    };
  }
}

// Token texts that try to be something else.
export const hostile = [
  "</script><script>window.pwned=1</script>",
  '"><img src=x onerror="window.pwned=1">',
  " \u202egnirts desrever\u202c",
  "\u001b[2J\u001b]0;title\u0007",
  "x".repeat(5000),
  "a" + "\u0301".repeat(300),
  "<!--",
  "\u0000\ufffe",
  "__proto__",
  "constructor",
  "\n\n\n",
  '"}],"top":[{',
  "שלום",
  "你好",
];

