// House rules of the page's sources: no function over 100 lines, no circle of imports (of types either).
// Usage: node tests/rules.mjs [FOLDER...]

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const longest = 100; // lines of a function
const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const folders = process.argv.length > 2 ? process.argv.slice(2).map((folder) => resolve(folder)) : [join(web, "src"), join(web, "tests")];

function sources(path) {
  if (statSync(path).isDirectory()) return readdirSync(path).flatMap((name) => sources(join(path, name)));
  return /\.(tsx?|mjs)$/.test(path) ? [path] : [];
}

function longFunctions(source) {
  const found = [];
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const [first, last] = [lineOf(node.getStart(source)), lineOf(node.end)];
      if (last - first + 1 > longest) found.push(`line ${first}: ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function importsOf(source) {
  const named = source.statements.filter((each) => ts.isImportDeclaration(each) || ts.isExportDeclaration(each));
  return named
    .map(({ moduleSpecifier }) => moduleSpecifier?.text)
    .filter((name) => name?.startsWith("."))
    .map((name) => resolve(dirname(source.fileName), name))
    .filter((path) => existsSync(path));
}

// A circle among the imports, as the files along it; null: there is none. Depth first: a file that is met again on the
// way to itself closes a circle.
function circle(imports) {
  const done = new Set();
  const way = [];
  const visit = (file) => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    way.push(file);
    for (const next of imports.get(file) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    way.pop();
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const found = visit(file);
    if (found) return found;
  }
  return null;
}

const parsed = folders.flatMap(sources).map((path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true));
const name = (path) => relative(web, path);
const faults = parsed.flatMap((source) => longFunctions(source).map((fault) => `${name(source.fileName)} ${fault}, ${longest} allowed`));
const found = circle(new Map(parsed.map((source) => [source.fileName, importsOf(source)])));
if (found) faults.push(`a circle of imports: ${found.map(name).join(" -> ")}`);
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
