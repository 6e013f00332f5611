import { Gauge } from "prom-client";
import { registry } from "./registry.js";
import { releaseVersion } from "./release-version.js";

new Gauge({
  name: "ratesapp_build_info",
  help: "Always 1; the labels say which release runs on which Node.js",
  labelNames: ["version", "node"],
  registers: [registry],
}).set({ version: releaseVersion, node: process.version }, 1);
