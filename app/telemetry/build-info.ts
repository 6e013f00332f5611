import { readFileSync } from "node:fs";
import { Gauge } from "prom-client";
import { registry } from "./registry.js";

/** The version in package.json, which is one folder above both app/ and dist/. */
export const releaseVersion: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;

new Gauge({
  name: "ratesapp_build_info",
  help: "Always 1; the labels say which release runs on which Node.js",
  labelNames: ["version", "node"],
  registers: [registry],
}).set({ version: releaseVersion, node: process.version }, 1);
