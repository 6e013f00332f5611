// npm run sandbox -- --help
import { spawnSync } from "node:child_process";
import type { V1DeploymentList } from "@kubernetes/client-node";
import { inProject } from "./in-project.js";
import { namesOf } from "./names.js";
import { namespaces, releases } from "./platform/releases.js";
import { sandboxArguments, USAGE, UsageError } from "./sandbox/arguments.js";
import { demoPod } from "./sandbox/demo-pod.js";
import { refusal, stackFile } from "./sandbox/stack-file.js";

/** Thrown with a message for the user, when a program failed or must not be started. */
class SandboxError extends Error {}

try {
  const given = sandboxArguments(process.argv.slice(2));
  if (given) sandbox(given);
  else process.stdout.write(USAGE);
} catch (error) {
  if (!(error instanceof SandboxError || error instanceof UsageError)) throw error;
  console.error(error.message);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

function sandbox({ assignments, empty, name }: NonNullable<ReturnType<typeof sandboxArguments>>): void {
  const file = stackFile(name);
  refuse(refusal(name, file));
  const context = answer("kubectl", ["config", "current-context"]).trim();
  refuse(refusal(name, file, context));
  const kubectl = ["--context", context, "--request-timeout=30s"];
  const operators = JSON.parse(
    answer("kubectl", [
      ...kubectl,
      "get",
      "deployments",
      "-A",
      "-l",
      "app.kubernetes.io/name=cloudnative-pg",
      "-o=json",
    ]),
  ) as V1DeploymentList;

  const known = JSON.parse(answer("pulumi", ["stack", "ls", "--json"])) as readonly { name: string }[];
  const exists = known.some((stack) => stack.name === name);
  if (exists && !file)
    refuse(`there is a stack ${name} whose Pulumi.${name}.yaml is not here; give the sandbox another name`);
  if (!exists) run("pulumi", ["stack", "init", "--no-select", name]);
  const set = (key: string, value: string, ...options: string[]) =>
    run("pulumi", ["config", "set", "--stack", name, "--path", ...options, `ratesapp:${key}`, "--", value]);
  set("environment", "sandbox");
  set("cluster.context", context);
  for (const { key, secret, value } of assignments) set(key, value, secret ? "--secret" : "--plaintext");

  const ownOperator = assignments.some(({ key }) => key.startsWith("platform.cloudnativePg"));
  if (!ownOperator && operators.items.length === 0) {
    // Not part of the stack: if it were destroyed together with a sandbox, the databases of all other sandboxes would
    // be deleted too.
    run("kubectl", ["--context", context, "apply", "--server-side", "-f", inProject(releases.cloudnativePg.manifest)]);
  }
  if (!ownOperator) {
    const { name: operator = "cnpg-controller-manager", namespace = namespaces.cloudnativePg } =
      operators.items[0]?.metadata ?? {};
    const wait = ["rollout", "status", `deployment/${operator}`, "-n", namespace, "--timeout=5m"];
    run("kubectl", ["--context", context, ...wait]);
    set("platform.cloudnativePgNamespace", namespace);
  }

  run("pulumi", ["up", "--stack", name, "--yes", "--skip-preview"]);

  const inNamespace = ["--context", context, "-n", namesOf(name).workloads];
  if (!empty) {
    const imageOf = ["get", "deployment", "ratesapp-api", "-o=jsonpath={.spec.template.spec.containers[0].image}"];
    const image = answer("kubectl", [...inNamespace, ...imageOf]);
    run("kubectl", [...inNamespace, "apply", "-f", "-"], JSON.stringify(demoPod(name, image)));
  }
  console.log(`
  kubectl ${inNamespace.join(" ")} port-forward svc/ratesapp 3000:80
  http://localhost:3000/?origin=china&destination=europe${empty ? "" : "    generated prices come in the next minutes"}
${empty ? "" : `  kubectl ${inNamespace.join(" ")} logs -f demo    how far they are; then port-forward pod/demo 3001:3000 takes writes\n`}
Gone with: pulumi destroy --stack ${name} --remove`);
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new SandboxError(reason);
}

/** Runs a program and shows its output to the user. */
function run(program: string, args: readonly string[], input?: string): void {
  start(program, args, { stdio: [input === undefined ? "inherit" : "pipe", "inherit", "inherit"], input });
}

/** Runs a program and returns its output. */
function answer(program: string, args: readonly string[]): string {
  return start(program, args, { stdio: ["ignore", "pipe", "inherit"] });
}

function start(program: string, args: readonly string[], options: object): string {
  const { error, status, stdout } = spawnSync(program, args, { cwd: inProject("."), encoding: "utf8", ...options });
  if (error) throw new SandboxError(`${program} did not start: ${error.message}; it must be installed`);
  if (status !== 0) throw new SandboxError(`this failed: ${program} ${args.slice(0, 6).join(" ")}`);
  return stdout;
}
