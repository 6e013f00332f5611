import { readFileSync } from "node:fs";

/** Of package.json, which stands one folder above both app/ and dist/. */
export const releaseVersion: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
