// What can be seen to be wrong with a page in Chromium, whoever opened it. Each gives a list of faults in words.
// `page` is one of Playwright's.

import AxeBuilder from "@axe-core/playwright";

// Pixels by which the page is wider than its window.
export function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

// What axe calls serious. The dark page is the light one in other colours, so only contrasts are looked at again.
export async function findings(page, part = "body") {
  const axe = new AxeBuilder({ page }).include(part).options({ resultTypes: ["violations"] });
  const dark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const { violations } = await (dark ? axe.withRules(["color-contrast"]) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}

// Words of which a box shows a part only, and that nobody can scroll to. What is cut on purpose and said elsewhere in
// full has `data-cut`.
export function cutWords(page) {
  return page.evaluate(() => {
    const shown = (each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !each.closest(".unseen, [data-cut]");
    const ownText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim() !== "");
    const found = [];
    for (const each of document.querySelectorAll("#page *")) {
      if (!(each instanceof HTMLElement) || !ownText(each) || !shown(each)) continue;
      const range = document.createRange();
      range.selectNodeContents(each);
      const text = range.getBoundingClientRect();
      for (let box = each; box.id !== "page"; box = box.parentElement) {
        const { overflowX } = getComputedStyle(box);
        if (overflowX === "auto" || overflowX === "scroll") break;
        const edge = box.getBoundingClientRect();
        if ((overflowX === "hidden" || overflowX === "clip") && (text.right > edge.right + 0.5 || text.left < edge.left - 0.5)) {
          found.push(`cut: "${each.textContent.trim().slice(0, 60)}" in ${box.tagName}.${box.className}`);
          break;
        }
      }
    }
    return found;
  });
}

// Labels of a drawing that stand on one another; those that are turned are narrower than their boxes, and are not looked at.
export function coveredLabels(page) {
  return page.evaluate(() => {
    const found = [];
    for (const drawing of document.querySelectorAll("#page svg")) {
      const labels = [...drawing.querySelectorAll("text")].filter((each) => each.textContent.trim() !== "" && each.checkVisibility() && each.getScreenCTM().b === 0);
      const boxes = labels.map((each) => each.getBoundingClientRect());
      for (let i = 0; i < boxes.length; ++i) {
        for (let k = i + 1; k < boxes.length; ++k) {
          const [a, b] = [boxes[i], boxes[k]];
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (across > 2 && down > 0.4 * Math.min(a.height, b.height)) found.push(`covered: "${labels[i].textContent}" and "${labels[k].textContent}"`);
        }
      }
    }
    return found;
  });
}

// Words that betray that nobody looked: a number of one thing in the plural, what JavaScript calls nothing.
export function oddWords(page) {
  return page.evaluate(() => {
    const skipped = "textarea, .given, .tokens, .token, .passage, .live-text, .attempt-text, .name, td, bdi, [contenteditable]";
    const found = [];
    for (const each of document.querySelectorAll("#page p, #page h1, #page h2, #page h3, #page dt, #page dd, #page button, #page summary, #page legend, #page .note")) {
      if (each.closest(skipped)) continue;
      const text = each.innerText ?? "";
      const odd = /(^|[^\d.,])1 (tokens|texts|branches|beginnings|guesses|steps|evaluations|combinations|settings|points|others|beams|prompts|groups|requests|cells|rounds|candidates|layers)\b|\b(NaN|undefined|null|Infinity|\[object)\b/.exec(text);
      if (odd) found.push(`odd: "${odd[0]}" in "${text.slice(0, 80)}"`);
    }
    return found;
  });
}
