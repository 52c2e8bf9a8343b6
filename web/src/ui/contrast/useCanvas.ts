// A canvas that is drawn anew with its component, and when the colour scheme changes.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export type Colors = (name: string) => string; // of the style sheet, without its dashes
export type Draw = (context: CanvasRenderingContext2D, color: Colors) => void;

export function useCanvas(width: number, height: number, draw: Draw) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => redraw((n) => n + 1);
    scheme.addEventListener("change", changed);
    return () => scheme.removeEventListener("change", changed);
  }, []);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const dense = devicePixelRatio || 1;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    context.scale(dense, dense);
    const style = getComputedStyle(canvas);
    draw(context, (name) => style.getPropertyValue(`--${name}`).trim());
  });
  return ref;
}
