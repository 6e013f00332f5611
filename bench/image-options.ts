import { readFileSync } from "node:fs";

const options = /NODE_OPTIONS="(.+)"/.exec(readFileSync(new URL("../Dockerfile", import.meta.url), "utf8"));
if (options === null) throw new Error("The Dockerfile does not set NODE_OPTIONS.");

/**
 * What Node.js is told in the image: servers and workers that are measured run as they do there, and so do their peers.
 */
export const IMAGE_OPTIONS = { NODE_OPTIONS: options[1] as string };
