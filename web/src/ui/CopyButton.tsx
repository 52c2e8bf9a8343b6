// Puts a text on the clipboard and says so.

import { useEffect, useState } from "preact/hooks";
import { copy } from "../copy.ts";

export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [done, setDone] = useState<boolean | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button onClick={() => void copy(text()).then(setDone)}>
      <span aria-live="polite">{done === null ? label : done ? "copied" : "not allowed here"}</span>
    </button>
  );
}
