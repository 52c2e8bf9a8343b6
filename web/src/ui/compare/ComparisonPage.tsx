// The page of a comparison: for each prompt the texts side by side, and what is measured of them.

import type { Signal } from "@preact/signals";
import { differing, optionText } from "../../compare/options.ts";
import type { ComparisonState } from "../../compare/state.ts";
import type { Comparison, Setting } from "../../data/comparison.ts";
import { counted } from "../../format.ts";
import { inert } from "../../data/glyphs.ts";
import { MetricDocs, MetricTable } from "../MetricTable.tsx";
import { Segmented } from "../Segmented.tsx";
import { Table, type Column } from "../Table.tsx";
import { PromptSection } from "./PromptSection.tsx";

export function ComparisonPage({ state }: { state: ComparisonState }) {
  const { comparison, against } = state;
  const { settings, prompts, metrics } = comparison;
  const names = settingColumn(settings);
  return (
    <div class="page">
      <Head comparison={comparison} against={against} />
      <main class="stacked">
        {prompts.map((prompt, i) => (
          <PromptSection state={state} prompt={prompt} number={i + 1} against={against.value === "all" ? null : Number(against.value)}>
            <MetricTable label={`Numbers of prompt ${i + 1}`} metrics={metrics} names={[names]} rows={settings.map((_, k) => k)} valuesOf={(k) => prompt.texts[k]?.values ?? []} />
          </PromptSection>
        ))}
        {prompts.length > 1 && (
          <section aria-labelledby="means">
            <h2 id="means">Means over {prompts.length} prompts</h2>
            <MetricTable label="Means" metrics={metrics} names={[names]} rows={settings.map((_, k) => k)} valuesOf={(k) => settings[k]!.means} />
          </section>
        )}
      </main>
    </div>
  );
}

function Head({ comparison, against }: { comparison: Comparison; against: Signal<string> }) {
  const { settings, model, ngram, metrics } = comparison;
  const choices = [{ id: "all", label: "all others" }, ...settings.map(({ label }, i) => ({ id: String(i), label: inert(label) }))];
  const all = against.value === "all";
  return (
    <header>
      <h1>{counted(settings.length, "setting")} compared</h1>
      <p class="legend">
        <span>{inert(model)}</span>
        <span>
          <span class="shared">Grey</span>: what {all ? "all texts begin" : "both texts begin"} with
        </span>
        <span>
          <span class="parts">Blue</span>: where they part{all && " (each time that one leaves another)"}
        </span>
        {!all && (
          <span>
            <span class="again">Dotted</span>: what both have again, in the same order
          </span>
        )}
        {comparison.traces.size > 0 && <span>Click a token to see why it is there</span>}
        <span>
          <span class="repeated">Underlined</span>: repeats {ngram} tokens that stood before
        </span>
      </p>
      {settings.length > 2 && (
        <div class="toolbar">
          <Segmented legend="held against" value={against} choices={choices} />
        </div>
      )}
      <AllSettings settings={settings} />
      <MetricDocs metrics={metrics} />
    </header>
  );
}

function settingColumn(settings: readonly Setting[]): Column<number> {
  return { head: "setting", kind: "name", names: true, cell: (k) => inert(settings[k]!.label) };
}

function AllSettings({ settings }: { settings: readonly Setting[] }) {
  const differ = new Set(differing(settings));
  const names = [...new Set(settings.flatMap(({ options }) => Object.keys(options)))].sort((a, b) => Number(differ.has(b)) - Number(differ.has(a)));
  const columns: Column<string>[] = [
    { head: "option", kind: "name", names: true, cell: (name) => inert(name) },
    ...settings.map(({ label, options }): Column<string> => ({ head: inert(label), cell: (name) => optionText(options[name]) })),
  ];
  return (
    <details>
      <summary>all settings</summary>
      <Table label="Settings, those that differ first" columns={columns} rows={names} rowClass={(name) => (differ.has(name) ? "chosen" : "")} />
    </details>
  );
}
