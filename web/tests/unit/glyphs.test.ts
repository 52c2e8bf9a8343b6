import assert from "node:assert/strict";
import { test } from "node:test";
import { inert, visible } from "../../src/data/glyphs.ts";
import { isSpecial } from "../../src/data/special.ts";
import { spelled } from "../../src/data/spelling.ts";
import { rawToken, token } from "../support/fixtures.ts";

test("blanks, line ends and tabs have a glyph", () => {
  assert.equal(visible(" a\n\tb"), "␣a↵⇥b");
  assert.equal(inert("a b"), "a b");
});

test("characters that reorder, hide or control become their number", () => {
  const hostile = "\u202e\u2066\u200b\u00ad\u001b\u0000\u007f\u0085\u2028\ufeff\u00a0\u3164\u2800\ue000\u200d";
  const shown = visible(hostile);
  for (const character of hostile) assert.ok(!shown.includes(character), `U+${character.codePointAt(0)!.toString(16)}`);
  assert.equal(visible("\u202e"), "⟨U+202E⟩");
  assert.equal(visible("\u001b[31m"), "⟨ESC⟩[31m");
  assert.equal(visible("\u007f\u0000"), "⟨DEL⟩⟨NUL⟩");
});

test("letters of every script, signs and marks stay", () => {
  for (const text of ["é", "e\u0301", "مرحبا", "שלום", "你好", "क्षि", "😀", "❤\ufe0f", "→", "\ufffd"]) {
    assert.equal(visible(text), text);
  }
  assert.equal(visible("\ufe0f"), "⟨U+FE0F⟩");
});

test("a token is spelled in one line, its bytes in hexadecimal where they are no text", () => {
  assert.equal(spelled(token(1, " to")), "␣to");
  assert.equal(spelled(rawToken(2, "20f09f")), "␣f0 9f");
  assert.equal(spelled({ id: 3, bytes: "", text: "", piece: "<|im_end|>" }), "<|im_end|>");
  assert.equal(spelled(token(4, "x".repeat(5000)), 14), "x".repeat(13) + "…");
});

test("special tokens are known by their name; markup in a text is not one", () => {
  const named = (piece: string, bytes = "3c") => isSpecial({ id: 1, bytes, text: piece, piece });
  for (const piece of ["<|im_end|>", "<|begin_of_text|>", "</s>", "<s>", "[CLS]", "<unk>"]) assert.ok(named(piece), piece);
  for (const piece of ["<p>", "</div>", "<", "|>", "[A]", "s"]) assert.ok(!named(piece), piece);
  assert.ok(named("anything", ""));
});
