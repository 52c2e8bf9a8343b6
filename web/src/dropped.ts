// Files that are dropped on a page, or chosen there: traces, comparisons, sweeps, and answers of OpenAI APIs. They are
// read here and go nowhere.

import { traceOfAnswer } from "./data/openai.ts";

export function asData(file: string): string {
  return traceOfAnswer(file) ?? file;
}

export function listen(onFile: (data: string) => void): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void file.text().then((text) => onFile(asData(text)));
  });
}
