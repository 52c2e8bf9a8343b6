// node web/picture.mjs REPORT.html PICTURE.png [HASH]: a part of a report, as it is in Chromium: PART=SELECTOR, at most HEIGHT pixels of it.
// HASH: the place in the report, as its "copy link" gives it, for example "run=1&view=columns". COMPARE: the setting to compare with.
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [report, picture, hash = ""] = process.argv.slice(2);
const { CHROMIUM = "/usr/bin/chromium", PART = "body", HEIGHT = "0", COMPARE = "" } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1 });
await page.goto(`${pathToFileURL(report)}#${hash}`);
const compare = page.getByLabel("compare with");
if ((await compare.count()) > 0 && COMPARE) await compare.selectOption({ label: COMPARE });
const box = await page.locator(PART).first().boundingBox();
const height = Number(HEIGHT) > 0 ? Math.min(box.height, Number(HEIGHT)) : box.height;
const edge = 12; // around it
const clip = { x: box.x - edge, y: box.y - edge, width: box.width + 2 * edge, height: height + 2 * edge };
await page.screenshot({ path: picture, fullPage: true, clip });
await browser.close();
