// Makes dist/docs/: the viewer of /docs, from app/page/docs and Swagger UI. File names contain a hash of the content,
// so that browsers keep files that have not changed.
//
// Swagger UI is taken from the package that serves it for Fastify, a development package, which a running service does
// not have. Its own package, swagger-ui-dist, depends on one that reports each installation to another company.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { readHtmlPage } from "./html-page.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "app/page");
const swagger = join(dirname(createRequire(import.meta.url).resolve("@fastify/swagger-ui/package.json")), "static");

/** @param {string} [target] directory to fill; it is emptied first */
export async function buildDocs(target = join(root, "dist/docs")) {
  await rm(target, { recursive: true, force: true });
  await mkdir(join(target, "assets"), { recursive: true });
  const files = {
    "viewer.css": await readFile(join(swagger, "swagger-ui.css")),
    "viewer.js": await readFile(join(swagger, "swagger-ui-bundle.js")),
    "docs.css": await bundle("docs/docs.css"),
    "start.js": await bundle("docs/start.ts"),
    "look/icon.svg": await readFile(join(source, "look/icon.svg")),
  };
  const addresses = new Map();
  for (const [name, bytes] of Object.entries(files)) addresses.set(name, await put(target, basename(name), bytes));
  const html = (await readHtmlPage("docs/docs.html")).replace(
    /(?<=(?:src|href)=")[\w/-]+\.(?:js|css|svg)(?=")/g,
    (name) => addresses.get(name),
  );
  await writeFile(join(target, "index.html"), html);
}

async function bundle(path) {
  const { outputFiles } = await build({
    entryPoints: [join(source, path)],
    bundle: true,
    minify: true,
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0].contents;
}

async function put(target, name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const extension = extname(name);
  const path = `assets/${name.slice(0, -extension.length)}-${hash}${extension}`;
  await writeFile(join(target, path), bytes);
  return `/docs/${path}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDocs();
