// The trace of a page: JSON Lines of one run, or of several one behind the other, each beginning with a record that has
// `run`; a search first tells its tree (search.ts), then the decisions of its answers. Of most records only the head is read at first; the candidates, nearly all of the text, when they are looked at.

import { readContrast, type Contrast } from "./contrast.ts";
import { inert } from "./glyphs.ts";
import { lineEnd, parseLine } from "./kind.ts";
import { list, object, type Json } from "./json.ts";
import { asTheModelSays, readDecision, readHead, type Decision, type Head } from "./record.ts";
import { readToken, type Token } from "./token.ts";
import { SearchReader, type Search } from "./search.ts";

export interface RunHeader {
  readonly label: string;
  readonly model: string;
  readonly strategy: string;
  readonly options: Json;
  readonly promptText: string;
  readonly promptIds: readonly number[];
  readonly promptTokens: readonly Token[]; // empty: the trace does not tell them
}

export interface Step extends Head {
  readonly start: number; // of its line in the trace
  readonly end: number;
}

export interface Run {
  readonly header: RunHeader;
  readonly sequences: readonly (readonly Step[])[];
  readonly search: Search | null; // the tree, where several texts were kept alive
}

export class Trace {
  readonly runs: readonly Run[];
  readonly unreadable: number; // lines that are no records

  readonly #text: string;
  #last: { step: Step; decision: Decision }[] = [];

  constructor(text: string) {
    this.#text = text;
    const runs: { header: RunHeader; sequences: Step[][]; reader: SearchReader }[] = [];
    let unreadable = 0;
    for (let start = 0; start < text.length; ) {
      const end = lineEnd(text, start);
      const json = isBlank(text, start, end) ? null : parseHead(text, start, end);
      if (json !== null && isRecord(json)) {
        if (json.run !== undefined || runs.length === 0) {
          runs.push({ header: readHeader(object(json.run), runs.length), sequences: [], reader: new SearchReader() });
        }
        const { sequences, reader } = runs.at(-1)!;
        if (json.search !== undefined) reader.addStep(object(json.search));
        else if (json.finished !== undefined) reader.addFinished(json.finished);
        else {
          const head = readHead(json);
          const scored = scoring.has(runs.at(-1)!.header.strategy);
          const step: Step = { ...(scored ? asTheModelSays(head, parseLine(text.slice(start, end)) ?? {}) : head), start, end };
          while (sequences.length <= step.seq) sequences.push([]);
          sequences[step.seq]!.push(step);
        }
      } else if (!isBlank(text, start, end)) {
        ++unreadable;
      }
      start = end + 1;
    }
    this.runs = runs.map(({ header, sequences, reader }) => ({ header, sequences, search: reader.search() }));
    this.unreadable = unreadable;
  }

  decision(step: Step): Decision {
    const known = this.#last.find((entry) => entry.step === step);
    if (known) return known.decision;
    const decision = readDecision(this.#record(step), step);
    this.#last = [{ step, decision }, ...this.#last.slice(0, 15)];
    return decision;
  }

  // For views of a whole run: keeps nothing.
  contrast(step: Step): Contrast | null {
    return readContrast(this.#record(step));
  }

  #record({ start, end }: Step): Json {
    return parseLine(this.#text.slice(start, end)) ?? {};
  }
}

// Strategies whose scores are no probabilities of the model.
const scoring: ReadonlySet<string> = new Set(["contrastive_decoding", "dola", "diverse_beam"]);

function isRecord(json: Json): boolean {
  return json.token !== undefined || json.search !== undefined || json.finished !== undefined;
}

function isBlank(text: string, start: number, end: number): boolean {
  return end - start < 80 && text.slice(start, end).trim() === "";
}

// The record without its candidates, where they can be left out unread. They begin at a place that cannot be inside a
// string (an unescaped quote follows a comma); where the cut behind them is wrong, the rest does not parse.
function parseHead(text: string, start: number, end: number): Json | null {
  const line = text.slice(start, end);
  const top = line.indexOf(',"top":[');
  const last = line.lastIndexOf("}]");
  if (top > 0 && last > top) {
    const head = parseLine(line.slice(0, top) + line.slice(last + 2));
    if (head?.token !== undefined && head.p !== undefined && head.entropy !== undefined) return head;
  }
  return parseLine(line);
}

function readHeader(json: Json, index: number): RunHeader {
  const text = (value: unknown) => (typeof value === "string" ? inert(value) : "");
  return {
    label: text(json.label) || `run ${index + 1}`,
    model: text(json.model) || "the model",
    strategy: text(json.strategy),
    options: object(json.options),
    promptText: typeof json.prompt_text === "string" ? json.prompt_text : "",
    promptIds: Array.isArray(json.prompt_ids) ? json.prompt_ids.filter((id) => typeof id === "number") : [],
    promptTokens: list(json.prompt_tokens).map(readToken),
  };
}
