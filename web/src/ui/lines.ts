// The token above and below another one in running text: the nearest in the next line of either side.

export function lineAbove(token: HTMLElement): HTMLElement {
  return nearest(token, -1);
}

export function lineBelow(token: HTMLElement): HTMLElement {
  return nearest(token, 1);
}

function nearest(token: HTMLElement, direction: 1 | -1): HTMLElement {
  const own = token.getBoundingClientRect();
  const center = (own.left + own.right) / 2;
  let best = token;
  let bestDistance = Infinity;
  let line: number | null = null;
  for (let next = neighbour(token, direction); next; next = neighbour(next, direction)) {
    const box = next.getBoundingClientRect();
    const beyond = direction > 0 ? box.top >= own.bottom - 2 : box.bottom <= own.top + 2;
    if (!beyond) continue;
    line ??= box.bottom;
    if (Math.abs(box.bottom - line) > own.height) break;
    const distance = Math.abs((box.left + box.right) / 2 - center);
    if (distance < bestDistance) [best, bestDistance] = [next, distance];
  }
  return best;
}

function neighbour(token: HTMLElement, direction: number): HTMLElement | null {
  const index = Number(token.dataset.index) + direction;
  return token.closest(".tokens")?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null;
}
