// Tokens that two texts have in common behind where they part: a longest common subsequence.

const most = 1500; // tokens of either that are looked at

// Of the first text, which tokens are aligned with one of the second.
export function aligned(a: readonly number[], b: readonly number[]): ReadonlySet<number> {
  const [rows, columns] = [Math.min(a.length, most), Math.min(b.length, most)];
  const lengths = new Uint16Array((rows + 1) * (columns + 1)); // of the rest behind each place
  const at = (i: number, j: number) => i * (columns + 1) + j;
  for (let i = rows - 1; i >= 0; --i) {
    for (let j = columns - 1; j >= 0; --j) {
      const same = a[i] === b[j] ? lengths[at(i + 1, j + 1)]! + 1 : 0;
      lengths[at(i, j)] = Math.max(same, lengths[at(i + 1, j)]!, lengths[at(i, j + 1)]!);
    }
  }
  const found = new Set<number>();
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (a[i] === b[j]) {
      found.add(i++);
      ++j;
    } else if (lengths[at(i + 1, j)]! >= lengths[at(i, j + 1)]!) ++i;
    else ++j;
  }
  return found;
}
