// The tree of branches in the address: each as the place of the text it leaves, how many of its tokens stay, and the
// token that follows; "0.5.284_1.2.17" are two, the second one from the first.

export interface BranchPoint {
  readonly parent: number; // place among the texts
  readonly at: number; // tokens that stay
  readonly id: number; // of the token behind them
}

const most = 64;

export function writeBranches(branches: readonly BranchPoint[]): string {
  return branches.map(({ parent, at, id }) => `${parent}.${at}.${id}`).join("_");
}

// What cannot be (a text that would come later) is left out, with all behind it.
export function readBranches(written: string, firstTexts: number): BranchPoint[] {
  const found: BranchPoint[] = [];
  for (const each of written.split("_").slice(0, most)) {
    const match = /^(\d{1,6})\.(\d{1,6})\.(\d{1,9})$/.exec(each);
    if (!match) break;
    const [parent, at, id] = match.slice(1).map(Number) as [number, number, number];
    if (parent >= firstTexts + found.length) break;
    found.push({ parent, at, id });
  }
  return found;
}
