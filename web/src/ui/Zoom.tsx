// Smaller, larger, all of it.

export function Zoom(props: {
  column: number; // pixels
  narrowest: number;
  widest: number; // at which all of it is seen
  largest: number;
  onZoom: (direction: 1 | -1) => void;
  onFit: () => void;
}) {
  const { column, narrowest, widest, largest, onZoom, onFit } = props;
  return (
    <span class="zoom buttons" role="group" aria-label="zoom">
      <button aria-label="smaller" disabled={column <= narrowest} onClick={() => onZoom(-1)}>
        −
      </button>
      <button aria-label="larger" disabled={column >= largest} onClick={() => onZoom(1)}>
        +
      </button>
      <button disabled={column === widest} onClick={onFit}>
        fit
      </button>
    </span>
  );
}
