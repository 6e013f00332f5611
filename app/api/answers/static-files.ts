import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { ApiContext } from "../http/request.js";
import { CompressibleBody } from "./compressible-body.js";
import { type Sendable, sendBody } from "./send-body.js";

/** Folder of the built files for browsers: next to the compiled code, or dist/ when the TypeScript runs uncompiled. */
const BUILT = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../../../dist/" : "../../", import.meta.url));

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** The build puts a hash of the content into most file names. The file of such a name never changes. */
const HASHED_NAME = /-[A-Z0-9]{8}\.[a-z]+$/;

/** The Content-Security-Policy of the pages: a page may load from this service only. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** A file of the build. `cacheControl` says how long browsers may keep it. */
export interface StaticFile extends Sendable {
  readonly cacheControl: string;
}

/** A file in memory. With `no-cache`, a browser asks before each use and gets 304 while the file has not changed. */
export function makeStaticFile(name: string, bytes: Buffer): StaticFile {
  return {
    body: new CompressibleBody(bytes),
    contentType: CONTENT_TYPES[extname(name)] ?? "application/octet-stream",
    // The tag is weak because the plain and the two compressed bodies share it.
    etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    cacheControl: HASHED_NAME.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
  };
}

/**
 * Reads a folder that the build made into memory. The files are few; each is compressed once, and no request reads the
 * disk.
 * @param folder "page" or "docs"
 * @returns files by their path inside the folder, with slashes; empty if the folder has not been built.
 */
export async function loadStaticFiles(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const root = join(BUILT, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map(async (entry): Promise<[string, StaticFile]> => {
      const path = join(entry.parentPath, entry.name);
      return [relative(root, path).split(sep).join("/"), makeStaticFile(entry.name, await readFile(path))];
    });
  return new Map(await Promise.all(files));
}

/**
 * Answers with a file.
 * @param policy Content-Security-Policy of an HTML file: what the page may load.
 */
export function sendStaticFile(ctx: ApiContext, file: StaticFile, policy: string = PAGE_POLICY): Promise<void> {
  const { res } = ctx;
  res.setHeader("Cache-Control", file.cacheControl);
  ctx.vary("Accept-Encoding");
  if (file.contentType.startsWith("text/html")) {
    res.setHeader("Content-Security-Policy", policy);
    res.setHeader("Referrer-Policy", "no-referrer");
  }
  return sendBody(ctx, file);
}
