// One of several runs or texts.

import type { ComponentChildren } from "preact";

export function Tabs(props: {
  label: string;
  tabs: readonly (readonly [number, ComponentChildren])[];
  selected: number;
  onSelect: (i: number) => void;
}) {
  const { label, tabs, selected, onSelect } = props;
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(([i, name]) => (
        <button aria-current={i === selected ? "true" : undefined} onClick={() => onSelect(i)}>
          {name}
        </button>
      ))}
    </nav>
  );
}
