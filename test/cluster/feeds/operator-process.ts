import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { defaults } from "./operators.js";

const CLOCK_TICKS = 100;

export interface OperatorProcess {
  /** It has said that it knows all objects. */
  leads(): boolean;
  /** As a lost node does: nothing is handed over. */
  kill(): void;
  memoryMiB(): number;
  cpuSeconds(): number;
}

/** Starts `ratesapp operator` as it is built, as the image runs it. */
export function spawnOperator(namespace: string, databaseUrl: string): OperatorProcess {
  const folder = mkdtempSync(join(tmpdir(), "ratesapp-operator-"));
  writeFileSync(join(folder, "operator.json"), JSON.stringify(defaults));
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify(inNamespace(namespace)));
  let output = "";
  const child = spawn(process.execPath, ["--max-semi-space-size=4", "dist/main.js", "operator"], {
    env: {
      ...process.env,
      ADMIN_PORT: "0",
      LOG_FORMAT: "json",
      DATABASE_URL: databaseUrl,
      KUBECONFIG: join(folder, "kubeconfig"),
      OPERATOR_FILE: join(folder, "operator.json"),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr.on("data", (data: Buffer) => {
    output += data;
  });
  child.on("exit", (code) => {
    if (code) console.log(output.slice(-2_000));
  });
  const proc = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  return {
    leads: () => output.includes("all objects are known"),
    kill: () => void child.kill("SIGKILL"),
    memoryMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(proc("status"))?.[1]) / 1024,
    cpuSeconds: () => {
      const fields = proc("stat").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
    },
  };
}

/** The kubeconfig of this process with another namespace. */
function inNamespace(namespace: string): unknown {
  const config = load(readFileSync(process.env.KUBECONFIG ?? "", "utf8")) as {
    contexts: { context: { namespace?: string } }[];
  };
  for (const { context } of config.contexts) context.namespace = namespace;
  return config;
}
