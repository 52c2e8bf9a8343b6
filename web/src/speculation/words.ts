// Guesses in words, and their numbers for the clipboard.

import type { Guess, Speculation, Verdict } from "../data/speculation.ts";
import { spelled } from "../data/spelling.ts";
import { counted, percent, probability } from "../format.ts";
import { quoted } from "../ui/words.ts";
import type { Round } from "./rounds.ts";

// Signs of a token's verdict: the same as in a terminal.
export const signs: Readonly<Record<Verdict, string>> = { accepted: "+", rejected: ">", resampled: ">", bonus: "*" };

export const meanings: Readonly<Record<Verdict, string>> = {
  accepted: "guessed and kept",
  rejected: "in place of a guess",
  resampled: "drawn in place of a guess",
  bonus: "behind all guesses",
};

export function refused({ drafted, verdict }: Speculation, chosen: number): readonly Guess[] {
  return verdict === "bonus" ? [] : drafted.filter((guess) => guess.kept === false || (guess.kept === null && guess.id !== chosen));
}

export function speculationSentence(speculation: Speculation, chosen: number): string {
  const { drafter, verify, depth, verdict, drafted, source } = speculation;
  const where = `token ${depth + 1} of its round`;
  if (verdict === "bonus") return `${drafter} had guessed nothing here: ${where} came with the evaluation of the last guess.`;
  const names = drafted.map((guess) => quoted(guess)).join(", ");
  const how = verify === "race" ? "" : ` by ${verify}`;
  if (verdict === "accepted") {
    const from = source === null ? "" : `, copied from position ${source + 1} of the text`;
    return `${drafter} had guessed ${names}${from}: kept${how}, ${where}.`;
  }
  const left = refused(speculation, chosen).length;
  return `${drafter} had guessed ${names}: not kept${how}; ${verdict === "resampled" ? "what the guess left was drawn from" : "the model's own token stands in its place"}${left > 1 ? ` (${left} guesses)` : ""}, ${where}.`;
}

export function roundSentence(number: number, { drafter, guesses, kept, length }: Round): string {
  if (drafter === null) return `round ${number}: nothing guessed, 1 token`;
  return `round ${number}: ${drafter} guessed ${guesses}, ${kept} kept, ${counted(length, "token")}`;
}

// What is known of a guess, as numbers.
export function guessWords({ q, p, chance }: Guess): string {
  const parts = [q === 1 ? "not drawn (q 1)" : `q ${probability(q)}`];
  if (p !== null) parts.push(`p ${probability(p)}`);
  if (chance !== null) parts.push(`kept with ${percent(chance)}`);
  return parts.join(", ");
}

export function speculationTable(speculation: Speculation | null): string {
  if (speculation === null) return "";
  const head = ["id", "token", "drafter", "verify", "depth", "q", "p", "chance", "kept", "source position"];
  const { drafter, verify, depth, source, drafted } = speculation;
  const rows = drafted.map((each) => [each.id, spelled(each), drafter, verify, depth, each.q, each.p, each.chance, each.kept, source]);
  const clean = (value: unknown) => (value === null ? "" : String(value).replace(/[\t\n\r]/g, " "));
  return [head, ...rows].map((row) => row.map(clean).join("\t")).join("\n") + "\n";
}
