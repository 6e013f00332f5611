// Makes dist/: the compiled application, its SQL, and (page.mjs, docs.mjs) what browsers load.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { buildDocs } from "./docs.mjs";
import { buildPage } from "./page.mjs";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("app/database/migrations", "dist/database/migrations", { recursive: true });
chmodSync("dist/main.js", 0o755);
await buildPage();
await buildDocs();
