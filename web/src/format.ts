// Numbers as people read them; the exact value goes along in the page (see ui/Num.tsx).

export function probability(p: number): string {
  if (Number.isNaN(p)) return "–";
  if (p === 0) return "0";
  return p < 0.00005 ? p.toExponential(0) : p.toFixed(4);
}

export function fixed(value: number, digits: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  return value.toFixed(digits).replace("-", "−");
}

export function whole(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 0 }) : "–";
}

// "1 token", "2 tokens"
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

export function percent(share: number): string {
  if (Number.isNaN(share)) return "–";
  return share > 0 && share < 0.0005 ? "<0.1 %" : `${(100 * share).toFixed(1)} %`;
}
