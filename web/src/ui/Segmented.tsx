// One of a few: radio buttons that look like one control.

import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";

export function Segmented<T extends string>(props: {
  legend: string;
  value: Signal<T>;
  shown?: T; // where it is not the value, which is none of the choices
  choices: readonly { readonly id: T; readonly label: string }[];
}) {
  const { legend, value, choices, shown = value.value } = props;
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend>{legend}</legend>
      {choices.map(({ id, label }) => (
        <label>
          <input type="radio" name={name} checked={shown === id} onChange={() => (value.value = id)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
