#!/usr/bin/env -S node --import tsx
import { spawn, spawnSync } from "node:child_process";
import { localPortFor } from "./access/local-port.js";
import { PortForward } from "./access/port-forward.js";
import { primaryOf } from "./access/primary.js";
import { FIRST_CLUSTER, namesOf } from "./names.js";
import { rawSettings } from "./settings/read-settings.js";

const USAGE = `usage: npm run drift -- STACK

Shows what differs between a stack's state and what is there (objects in the cluster, in AWS, roles and grants in the
database), and changes nothing. Ends with 1 if anything differs.
`;

/** The parts of the settings that say how the databases are reached. */
interface Reached {
  readonly cluster?: { readonly context?: string; readonly eks?: object };
  readonly access?: { readonly localPort?: number };
  readonly database?: { readonly clusters?: Readonly<Record<string, unknown>> };
}

const [stack] = process.argv.slice(2);
if (stack === undefined || stack.startsWith("-")) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await drift(stack);
}

/** @returns the code to end with. */
async function drift(name: string): Promise<number> {
  const config = spawnSync("pulumi", ["config", "--stack", name, "--json"], {
    encoding: "utf8",
    stdio: ["inherit", "pipe", "inherit"],
  });
  if (config.error) console.error(`pulumi did not start: ${config.error.message}; it must be installed`);
  if (config.status !== 0) return 1;
  const stored = JSON.parse(config.stdout) as Record<string, { readonly value?: string }>;
  const settings = rawSettings(
    Object.fromEntries(
      Object.entries(stored).flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])),
    ),
  ) as Reached;

  // The providers of the databases connect to these ports, as their state says. The program does not run: with it, the
  // password would be unknown in a preview, and every role would seem to be gone.
  const forwards = await Promise.all(forwardsOf(name, settings));
  try {
    return await refresh(name);
  } finally {
    for (const forward of forwards) await forward.close();
  }
}

/** Opens a port for each database of the stack. */
function forwardsOf(name: string, { access, cluster, database }: Reached): Promise<PortForward>[] {
  const { database: namespace, workloads } = namesOf(name);
  const context = cluster?.eks ? workloads : cluster?.context;
  const databases = Object.keys(database?.clusters ?? { [FIRST_CLUSTER]: "empty" });
  return databases.map((one) =>
    PortForward.open({
      ...primaryOf({ kubeconfig: undefined, context, namespace, cluster: one }),
      localPort: localPortFor(name, one, databases, access?.localPort),
      onProblem: (message) => console.error(message),
    }),
  );
}

/** Not synchronous, because the port-forward is in this process. */
function refresh(name: string): Promise<number> {
  const args = ["refresh", "--stack", name, "--preview-only", "--expect-no-changes", "--diff", "--non-interactive"];
  const child = spawn("pulumi", args, { stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? 0 : 1));
  });
}
