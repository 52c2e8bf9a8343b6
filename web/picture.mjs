// node web/picture.mjs REPORT.html PICTURE.png [HASH]: the step chart of a report, as it is in Chromium.
// HASH: the place in the report, as its "copy link" gives it, for example "run=1&view=columns".
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [report, picture, hash = ""] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1 });
await page.goto(`${pathToFileURL(report)}#${hash}`);
const compare = page.getByLabel("compare with");
if ((await compare.count()) > 0 && process.env.COMPARE) await compare.selectOption({ label: process.env.COMPARE });
await page.locator(process.env.PART ?? "body").first().screenshot({ path: picture });
await browser.close();
