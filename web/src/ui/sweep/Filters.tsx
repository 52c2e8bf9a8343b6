// Which combinations are listed: any, or those at a place of an axis. A point of a plot chooses its own.

import { inert } from "../../data/glyphs.ts";
import { namedAxes } from "../../sweep/grid.ts";
import type { SweepState } from "../../sweep/state.ts";

export function Filters({ state }: { state: SweepState }) {
  const { axes, means } = state.sweep;
  const several = namedAxes(axes).filter((axis) => axes[axis]!.labels.length > 1);
  if (several.length === 0) return null;
  const any = state.filter.value.every((place) => place === null);
  return (
    <div class="toolbar">
      {several.map((axis) => {
        const { name, labels } = axes[axis]!;
        const choices = labels.map((label, value) => ({ value, label: inert(label) }));
        return <Choice label={inert(name)} value={state.filter.value[axis] ?? null} none="any" choices={choices} onChange={(place) => state.limit(axis, place)} />;
      })}
      <button disabled={any} onClick={() => (state.filter.value = axes.map(() => null))}>
        all
      </button>
      <span class="note" role="status">
        {state.listed.value.length} of {means.length}
      </span>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: number | null;
  readonly none?: string; // what null is called; without it there is none
  readonly choices: readonly { readonly value: number; readonly label: string }[];
  readonly onChange: (value: number | null) => void;
}

export function Choice({ label, value, none, choices, onChange }: ChoiceProps) {
  return (
    <label class="compare">
      {label}
      <select value={value ?? ""} onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? null : Number(currentTarget.value))}>
        {none !== undefined && <option value="">{none}</option>}
        {choices.map((choice) => (
          <option value={choice.value} selected={choice.value === value}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}
