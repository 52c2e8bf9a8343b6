// Text made safe to look at: blanks, line ends and tabs have a glyph, invisible and control characters (which could
// reorder, hide or imitate text) become their number. Nothing that is shown can act on the text around it.

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "blank"; readonly text: string; readonly glyph: string }
  | { readonly kind: "mark"; readonly label: string };

// Control, format, surrogate, private and unassigned characters; separators; what fonts are told not to draw. The two
// variation selectors that only choose between a drawn and a coloured sign stay.
const special = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const glyphs: Readonly<Record<string, string>> = { " ": "␣", "\n": "↵", "\t": "⇥" };

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let plain = "";
  const close = () => {
    if (plain !== "") found.push({ kind: "text", text: plain });
    plain = "";
  };
  for (const character of text) {
    const glyph = glyphs[character];
    if (glyph !== undefined) {
      close();
      found.push({ kind: "blank", text: character, glyph });
    } else if (special.test(character) && !(isVariation(character) && plain !== "")) {
      close();
      found.push({ kind: "mark", label: label(character) });
    } else {
      plain += character;
    }
  }
  close();
  return found;
}

// One line of visible characters, for labels and what is copied.
export function visible(text: string): string {
  return parts(text)
    .map((part) => (part.kind === "text" ? part.text : part.kind === "blank" ? part.glyph : `⟨${part.label}⟩`))
    .join("");
}

// The same with its blanks left as they are, for names and sentences.
export function inert(text: string): string {
  return visible(text).replaceAll("␣", " ");
}

function isVariation(character: string): boolean {
  return character === "\ufe0e" || character === "\ufe0f";
}

function label(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return controls[code]!;
  if (code === 0x7f) return "DEL";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

const controls = (
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split(" ");
