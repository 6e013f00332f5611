import { readFileSync } from "node:fs";

/** What Node.js is told in the image: what is measured runs as it runs there, and so do its peers. */
export const IMAGE_OPTIONS = {
  NODE_OPTIONS: /NODE_OPTIONS="(.+)"/.exec(readFileSync(new URL("../Dockerfile", import.meta.url), "utf8"))?.[1],
};
