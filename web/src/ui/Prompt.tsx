// The prompt, quietly, before the text that was written.

import { useState } from "preact/hooks";
import { memo } from "../memo.tsx";
import { Glyphs } from "./Glyphs.tsx";

const shown = 480; // characters; the end of a prompt says most about what follows

export const Prompt = memo(({ text }: { text: string }) => {
  const [all, setAll] = useState(false);
  if (text === "") return null;
  const hidden = all ? 0 : Math.max(0, text.length - shown);
  return (
    <div class="prompt" dir="auto" aria-label="Prompt" role="group">
      {hidden > 0 && (
        <button class="link" onClick={() => setAll(true)}>
          {hidden} more characters
        </button>
      )}
      <Glyphs text={text.slice(hidden)} />
    </div>
  );
});
