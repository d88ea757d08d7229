// Builds the browser's code into build/web; with --tests, its tests into build/test instead.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const shared = { bundle: true, target: "es2022", logLevel: "warning" };
const shipped = { ...shared, minify: true, legalComments: "none", sourcemap: "linked" };

/** What the server offers: its name in build/web, where it comes from, and how it is loaded. */
const entries = [
  { name: "embed", source: "app/widget/client/loader.ts", format: "iife" },
  { name: "chat", source: "app/widget/client/chat.ts", format: "esm" },
  { name: "chat", source: "app/widget/client/chat.css" },
  { name: "console", source: "coach_console/console.ts", format: "esm" },
  { name: "console", source: "coach_console/console.css" },
  { name: "research", source: "app/export/research.ts", format: "esm" },
  { name: "review", source: "app/export/review.ts", format: "esm" },
  { name: "pages", source: "app/content/pages.css" },
];

const buildForBrowsers = () =>
  Promise.all(
    entries
      .filter(({ source }) => existsSync(source))
      .map(({ name, source, format }) =>
        build({ ...shipped, format, entryPoints: [{ in: source, out: name }], outdir: "build/web" }),
      ),
  );

const testsIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(folder, file));

const buildTests = () => {
  rmSync("build/test", { recursive: true, force: true });
  return build({
    ...shared,
    platform: "node",
    format: "esm",
    entryPoints: ["app", "coach_console"].flatMap(testsIn),
    outbase: ".",
    outdir: "build/test",
  });
};

await (process.argv.includes("--tests") ? buildTests() : buildForBrowsers());
