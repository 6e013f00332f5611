import { execFileSync } from "node:child_process";
import { figure, printFigures } from "./figures.js";

const needed = [
  ["pulumi", ["version"], "pulumi is not on PATH (https://www.pulumi.com/docs/install/)"],
  ["kubectl", ["version", "--client"], "kubectl is not on PATH"],
  ["kubectl", ["get", "--raw", "/readyz"], "kubectl reaches no cluster; set KUBECONFIG to one that may be changed"],
] as const;

let start = 0;

/** Ends with exit code 2, and says what is missing, where the suite cannot run. */
export function mochaGlobalSetup(): void {
  start = Date.now();
  for (const [command, args, message] of needed) {
    try {
      execFileSync(command, args, { stdio: "pipe", timeout: 20_000 });
    } catch {
      console.error(`The cluster tests cannot run: ${message}.`);
      process.exit(2);
    }
  }
}

export function mochaGlobalTeardown(): void {
  try {
    figure("the whole suite", (Date.now() - start) / 1000, "s", 720);
  } finally {
    printFigures();
  }
}
