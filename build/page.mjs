// Makes dist/page/: the pages for browsers. Every asset has a hash of its content in its name, so that the server can
// send it as immutable. Only the HTML files keep their names.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { readHtmlPage } from "./html-page.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "app/page");

/**
 * Bundles app/page. Each HTML file there names its sources (`src="rates/main.tsx"`). In the result, it names the built
 * files (`src="/assets/rates-XXXXXXXX.js"`).
 *
 * @param {string} [target] directory to fill; it is emptied first
 */
export async function buildPage(target = join(root, "dist/page")) {
  await rm(target, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: join(source, "rates/main.tsx"), out: "rates" },
      { in: join(source, "batches/main.tsx"), out: "batches" },
      { in: join(source, "rates/rates.css"), out: "rates" },
      { in: join(source, "batches/batches.css"), out: "batches" },
      { in: join(source, "look/plain.css"), out: "plain" },
      { in: join(source, "look/icon.svg"), out: "icon" },
    ],
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    minify: true,
    loader: { ".svg": "copy" },
    jsx: "automatic",
    jsxImportSource: "preact",
    outdir: join(target, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "shared-[hash]",
    assetNames: "[name]-[hash]",
    metafile: true,
    logLevel: "warning",
  });

  const outputs = new Map(
    Object.entries(metafile.outputs).flatMap(([path, output]) => {
      const made = output.entryPoint ?? (path.endsWith(".svg") ? Object.keys(output.inputs)[0] : undefined);
      return made ? [[posix.relative("app/page", made), { path, output }]] : [];
    }),
  );
  const address = (path) => `/${posix.normalize(relative(target, join(root, path)))}`;
  const addressOf = (name) => {
    const found = outputs.get(name);
    if (!found) throw new Error(`app/page has no source ${name}`);
    return address(found.path);
  };

  await mkdir(target, { recursive: true });
  for (const [page, entry] of [
    ["index.html", "rates/main.tsx"],
    ["batches.html", "batches/main.tsx"],
    ["no-tokens.html", undefined],
    ["not-found.html", undefined],
  ]) {
    // Without preloads, the browser finds shared code only after it has read the entry. That takes one round trip more.
    const preloads = (outputs.get(entry)?.output.imports ?? [])
      .filter(({ kind }) => kind === "import-statement")
      .map(({ path }) => `<link rel="modulepreload" href="${address(path)}">`)
      .join("\n    ");
    const html = (await readHtmlPage(page))
      .replace(/(?<=(?:src|href)=")[\w/-]+\.(?:tsx|css|svg)(?=")/g, addressOf)
      .replace("<!-- preloads -->", preloads);
    await writeFile(join(target, page), html);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
