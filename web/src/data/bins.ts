// The nine steps of the colour scale, from what was expected (0) to what was surprising (8).

const probabilities = [0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01]; // the lower bounds of steps 0 to 7
const ranks = [1, 2, 3, 5, 10, 20, 50, 100]; // the upper bounds
const entropies = [0.25, 0.5, 1, 1.5, 2, 3, 4, 5]; // bits, the upper bounds

export const labels = {
  probability: ["≥ 0.9", "0.7", "0.5", "0.3", "0.2", "0.1", "0.05", "0.01", "less"],
  rank: ["1", "2", "3", "≤ 5", "10", "20", "50", "100", "more"],
  entropy: ["< 0.25", "0.5", "1", "1.5", "2", "3", "4", "5", "more bits"],
} as const;

export function probabilityBin(p: number): number {
  return first(probabilities, (bound) => p >= bound);
}

export function rankBin(rank: number): number {
  return first(ranks, (bound) => rank <= bound);
}

export function entropyBin(bits: number): number {
  return first(entropies, (bound) => bits < bound);
}

function first(bounds: readonly number[], within: (bound: number) => boolean): number {
  const found = bounds.findIndex(within);
  return found < 0 ? bounds.length : found;
}
