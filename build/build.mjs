// Makes dist/: the compiled application, its SQL, what browsers load (page.mjs, docs.mjs), and a bundle of the
// Kubernetes client (operator.mjs).
//
// Does nothing if nothing changed. npm also runs this when `npx ratesapp` is first used in the folder, and a new build
// would then take the files away from a running server.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { buildDocs } from "./docs.mjs";
import { buildOperator } from "./operator.mjs";
import { buildPage } from "./page.mjs";

const INPUTS = ["app", "build", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
const STAMP = "dist/inputs.sha256";

const inputs = hashOf(INPUTS);
if (readStamp() !== inputs) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  rmSync("dist", { recursive: true, force: true });
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
  cpSync("app/database/migrations", "dist/database/migrations", { recursive: true });
  chmodSync("dist/main.js", 0o755);
  await buildOperator();
  await buildPage();
  await buildDocs();
  writeFileSync(STAMP, inputs);
}

function hashOf(paths) {
  const hash = createHash("sha256");
  const add = (path) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(`${path}\0`).update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}

function readStamp() {
  try {
    return readFileSync(STAMP, "utf8");
  } catch {
    return undefined;
  }
}
