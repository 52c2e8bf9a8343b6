// The signs of the drawing: what a stub ends in, and the shapes that tell groups apart besides their colours.

type Sign = (x: number, y: number) => string;

const box: Sign = (x, y) => `M${x - 3} ${y - 3}h6v6h-6z`;
const circle: Sign = (x, y) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
const diamond: Sign = (x, y) => `M${x} ${y - 4}l4 4l-4 4l-4 -4z`;
const up: Sign = (x, y) => `M${x} ${y - 4}l4 7h-8z`;
const down: Sign = (x, y) => `M${x} ${y + 4}l4 -7h-8z`;
const cross: Sign = (x, y) => `M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6`;

const signs: Readonly<Record<string, Sign | null>> = {
  rank: null, // nearly all of them: the stub alone
  finished: box,
  pool: circle,
  "group penalty": cross,
  "constraint bank": up,
  "constraint unmet": down,
};

// Null: the stub alone. A reason that is not known looks like that, too.
export function signPath(reason: string): Sign | null {
  return Object.hasOwn(signs, reason) ? signs[reason]! : null;
}

const shapes: readonly Sign[] = [circle, box, diamond, up, down, cross];

export function groupShape(group: number): Sign {
  return shapes[group % shapes.length]!;
}
