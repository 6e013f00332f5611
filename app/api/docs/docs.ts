import { createHash } from "node:crypto";
import { loadStaticFiles, makeStaticFile, sendStaticFile } from "../answers/static-files.js";
import type { DeclaredOperation } from "../http/operation.js";
import { problems } from "../http/problems.js";
import type { ApiContext, ApiRoute } from "../http/request.js";
import { openApiDocument } from "./openapi.js";

/** Handlers of the documentation's paths. */
export interface DocsRoutes {
  /** `GET /openapi.json` */
  readonly openApi: ApiRoute;
  /** `GET /docs` */
  readonly viewer: ApiRoute;
  /** `GET /docs/assets/:name` */
  readonly asset: ApiRoute;
  /** `GET /docs/errors` */
  readonly errors: ApiRoute;
}

/** Swagger UI sets style attributes on its elements, and its style sheet holds small images. */
const VIEWER_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The documentation of the API: the OpenAPI document, a viewer for it, and the list of problems. */
export async function docsRoutes(operations: readonly DeclaredOperation[]): Promise<DocsRoutes> {
  const files = await loadStaticFiles("docs");
  const openApi = {
    ...makeStaticFile("openapi.json", Buffer.from(JSON.stringify(openApiDocument(operations)))),
    contentType: "application/json; charset=utf-8",
  };
  const errors = makeStaticFile("errors.html", Buffer.from(errorsPage()));
  const style = createHash("sha256").update(STYLE).digest("base64");
  const errorsPolicy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; frame-ancestors 'none'`;
  return {
    openApi: (ctx) => sendStaticFile(ctx, openApi),
    viewer: (ctx) => send(ctx, "index.html"),
    asset: (ctx) => send(ctx, `assets/${ctx.params.name}`),
    errors: (ctx) => sendStaticFile(ctx, errors, errorsPolicy),
  };

  async function send(ctx: ApiContext, path: string): Promise<void> {
    const file = files.get(path);
    if (file !== undefined) await sendStaticFile(ctx, file, VIEWER_POLICY);
  }
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { background: Canvas; color: CanvasText; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 0; }
h2:target { outline: 2px solid; outline-offset: 4px; }
p { margin: 0.25rem 0; }
code { font-size: 0.9em; }
`;

function errorsPage(): string {
  const entries = Object.entries(problems).map(
    ([name, { status, title, meaning }]) =>
      `<h2 id="${name}">${status} ${title}</h2>\n<p><code>/docs/errors#${name}</code></p>\n<p>${meaning}</p>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems · ratesapp</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Site"><a href="/">Rates</a> · <a href="/docs">API</a></nav>
<main>
<h1>Problems</h1>
<p>Every error of the API is a problem document (RFC 9457), <code>application/problem+json</code>, with one of these types.
Where parameters are at fault, <code>errors</code> names each of them.</p>
${entries.join("\n")}
</main>
</body>
</html>
`;
}
