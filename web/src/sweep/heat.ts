// The shades of a heat map: which of the nine steps of the scale a number has, and which numbers are the best.

const deepest = 8;

// Evenly from the smallest number to the largest; all alike have none.
export function shades(values: readonly (number | null)[]): (value: number) => number {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return (value) => (high > low ? Math.round((deepest * (value - low)) / (high - low)) : 0);
}

// `direction`: 1 where more is better, -1 where less is; null: there is no best.
export function bestOf(values: readonly (number | null)[], direction: 1 | -1 | 0): number | null {
  const known = values.filter((value) => value !== null);
  if (direction === 0 || known.length < 2) return null;
  return direction > 0 ? Math.max(...known) : Math.min(...known);
}
