// Makes dist/docs/: the viewer of /docs. It comes from a development package, which a running service does not have.
// File names contain a hash of the content, so that browsers keep files that have not changed.
//
// Swagger UI is taken from the package that serves it for Fastify. Its own package, swagger-ui-dist, depends on one
// that reports each installation to another company.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(dirname(createRequire(import.meta.url).resolve("@fastify/swagger-ui/package.json")), "static");

// Without the badge of the validator, which would send requests to another host.
const start = `window.onload = () => SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
`;

/** @param {string} [target] directory to fill, emptied first */
export async function buildDocs(target = join(root, "dist/docs")) {
  await rm(target, { recursive: true, force: true });
  await mkdir(join(target, "assets"), { recursive: true });
  const style = await put(target, "viewer", "css", await readFile(join(source, "swagger-ui.css")));
  const bundle = await put(target, "viewer", "js", await readFile(join(source, "swagger-ui-bundle.js")));
  const starter = await put(target, "start", "js", Buffer.from(start));
  const icon = await put(target, "icon", "png", await readFile(join(source, "favicon-32x32.png")));
  await writeFile(
    join(target, "index.html"),
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · ratesapp</title>
<link rel="icon" type="image/png" href="${icon}">
<link rel="stylesheet" href="${style}">
<script src="${bundle}" defer></script>
<script src="${starter}" defer></script>
</head>
<body>
<div id="viewer"></div>
<noscript>This page needs JavaScript. The document is at <a href="/openapi.json">/openapi.json</a>.</noscript>
</body>
</html>
`,
  );
}

async function put(target, name, extension, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const path = `assets/${name}-${hash}.${extension}`;
  await writeFile(join(target, path), bytes);
  return `/docs/${path}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDocs();
