// A number with its name and what is to be known of it: one of a list (dl).

import { Num, type Unit } from "./Num.tsx";

export function Figure({ label, value, unit, note }: { label: string; value: number; unit: Unit; note: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Num value={value} unit={unit} />
      </dd>
      <dd class="note">{note}</dd>
    </div>
  );
}
