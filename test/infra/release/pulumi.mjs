// Stands in for `pulumi` where there is no database and no operator: it makes the objects of the chart and of the
// delivery, and changes only those whose content differs from the `up` before, as Pulumi does. It keeps a state, locks
// it, and uses no other rights than its user has. $STAND_IN is a folder with settings.json, objects.json, values.json.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import yaml from "js-yaml";

const folder = process.env.STAND_IN;
const read = (file) => JSON.parse(readFileSync(join(folder, file), "utf8"));
const [command, ...args] = process.argv.slice(2);
const statePath = join(folder, "state.json");
const lockPath = join(folder, "lock.json");
const stateOf = () => (existsSync(statePath) ? read("state.json") : { objects: {} });
const NAMESPACE = "ratesapp-staging";

switch (command) {
  case "config":
    console.log(JSON.stringify(read("settings.json")));
    break;
  case "stack":
    console.log(JSON.stringify({ images: stateOf().images }));
    break;
  case "cancel":
    rmSync(lockPath, { force: true });
    break;
  case "up":
    up();
    break;
  default:
    throw new Error(`pulumi ${command} ${args.join(" ")}`);
}

function up() {
  try {
    writeFileSync(lockPath, JSON.stringify({ pid: process.pid }), { flag: "wx" });
  } catch {
    console.error("error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end");
    console.error(
      `  ${lockPath}: created by ${userInfo().username}@${hostname()} (pid ${read("lock.json").pid}) at now`,
    );
    process.exit(255);
  }
  try {
    const before = stateOf();
    const images = process.env.RATESAPP_RELEASE ? JSON.parse(process.env.RATESAPP_RELEASE) : before.images;
    const objects = Object.fromEntries([...chart(images), ...read("objects.json")].map((it) => [nameOf(it), it]));
    writeFileSync(join(folder, "changes.json"), "[]");
    const changed = Object.keys(objects).filter((name) => !same(objects[name], before.objects[name]));
    const gone = Object.keys(before.objects).filter((name) => !(name in objects));
    const state = structuredClone(before);
    const done = (name) => {
      state.objects[name] = objects[name];
      writeFileSync(statePath, JSON.stringify(state));
    };
    for (const name of changed) {
      kubectl(["apply", "--server-side", "--field-manager=pulumi", "-f", "-"], objects[name]);
      done(name);
    }
    writeFileSync(join(folder, "changes.json"), JSON.stringify([...changed, ...gone]));
    for (const name of gone) {
      kubectl(["delete", "-f", "-", "--ignore-not-found", "--wait=false"], before.objects[name]);
      done(name);
    }
    for (const { kind, metadata } of Object.values(objects)) {
      if (kind === "Job") awaitJob(metadata.name);
    }
    writeFileSync(statePath, JSON.stringify({ images, objects }));
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 255;
  } finally {
    rmSync(lockPath, { force: true });
  }
}

function chart({ ingest, servers }) {
  const image = (text) => ({
    repository: text.slice(0, text.lastIndexOf(":")),
    tag: text.slice(text.lastIndexOf(":") + 1),
  });
  const values = { ...read("values.json"), image: image(servers), ingest: { image: image(ingest) } };
  const helm = ["template", "ratesapp", read("chart.json"), "--namespace", NAMESPACE, "--values", "-"];
  const output = execFileSync(process.env.HELM || "helm", helm, { input: JSON.stringify(values), encoding: "utf8" });
  return yaml.loadAll(output).filter((it) => it);
}

function kubectl(args, object) {
  const options = ["--context", "test", "-n", NAMESPACE, "--validate=false"];
  const all = args[0] === "apply" ? [...args, ...options] : [...args, ...options.slice(0, 4)];
  const { status, stderr, stdout } = spawnSync("kubectl", all, { input: JSON.stringify(object), encoding: "utf8" });
  if (status !== 0) throw new Error(`${nameOf(object)}: ${stderr}`);
  return stdout;
}

function awaitJob(name) {
  for (;;) {
    const job = ["--context", "test", "-n", NAMESPACE, "get", "job", name, "-o", "json"];
    const { status = {} } = JSON.parse(execFileSync("kubectl", job, { encoding: "utf8" }));
    const has = (type) => status.conditions?.some((it) => it.type === type && it.status === "True");
    if (has("Complete")) return;
    if (has("Failed")) throw new Error(`Job ${name} failed: BackoffLimitExceeded`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function nameOf({ kind, metadata }) {
  return `${kind} ${metadata.name}`;
}

function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
