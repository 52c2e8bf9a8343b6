// Keeps the inner width of an element, in pixels, in a signal.

import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

export function useMeasured(ref: RefObject<HTMLElement | null>, width: Signal<number>): void {
  useLayoutEffect(() => {
    const element = ref.current!;
    width.value = element.clientWidth;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}
