// Text in which nothing is invisible. In running text blanks show their glyph on hover and selection only; in labels
// always.

import { inert, parts } from "../data/glyphs.ts";
import { fromHex, hexPairs } from "../data/bytes.ts";
import { stretches } from "../data/utf8.ts";
import type { Token } from "../data/token.ts";

export function Glyphs({ text }: { text: string }) {
  return (
    <>
      {parts(text).map((part) => {
        if (part.kind === "text") return part.text;
        if (part.kind === "mark") return <span class="mark">{part.label}</span>;
        return (
          <span class="blank" data-glyph={part.glyph}>
            {part.text}
          </span>
        );
      })}
    </>
  );
}

// Bytes as text where they are, and as hexadecimal where they are parts of a character.
export function Pieces({ bytes }: { bytes: string }) {
  return (
    <>
      {stretches(fromHex(bytes)).map((stretch) =>
        "text" in stretch ? <Glyphs text={stretch.text} /> : <span class="bytes">{hexPairs(stretch.bytes)}</span>,
      )}
    </>
  );
}

const roomy = 16; // characters as they are drawn; of longer ones a narrow label may show the beginning only
const longest = 160; // bytes; more cannot be seen in a label

export function TokenLabel({ token }: { token: Token }) {
  const { bytes, piece } = token;
  return (
    <bdi class="token-label" title={`token ${token.id}`} data-cut={drawnLength(token) > roomy || undefined}>
      {bytes === "" ? <span class="special">{inert(piece.slice(0, longest)) || "(no text)"}</span> : <Pieces bytes={bytes.slice(0, 2 * longest)} />}
      {bytes.length > 2 * longest && "…"}
    </bdi>
  );
}

function drawnLength({ bytes, text }: Token): number {
  const marks = parts(text).reduce((sum, part) => sum + (part.kind === "mark" ? part.label.length : 0), 0);
  return bytes.length / 2 + marks;
}
