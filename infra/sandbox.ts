// npm run sandbox -- NAME [KEY=VALUE …]
// A copy of the system of your own, on the cluster that kubectl speaks to now. Settings as `pulumi config set --path`
// takes them: image=ghcr.io/ratesapp/ratesapp:dev api.maxReplicas=5. Gone with `pulumi destroy --stack NAME --remove`.
import { spawnSync } from "node:child_process";
import { ApiextensionsV1Api, KubeConfig } from "@kubernetes/client-node";

const [name, ...settings] = process.argv.slice(2);
const wrong = settings.find((setting) => !/^[\w.[\]-]+=/.test(setting));
if (!name || !/^[a-z][a-z0-9-]{0,20}$/.test(name) || wrong) {
  console.error(
    "usage: npm run sandbox -- NAME [KEY=VALUE …]   (NAME: up to 21 lower-case letters, digits and dashes)",
  );
  process.exit(2);
}

const kubeconfig = new KubeConfig();
kubeconfig.loadFromDefault();
const context = kubeconfig.getCurrentContext();

pulumi("stack", "select", "--create", name);
set("environment", "sandbox");
set("cluster.context", context);
if (!(await hasDefinition("clusters.postgresql.cnpg.io"))) set("platform.cloudnativePg", "install");
for (const setting of settings) {
  const [key = "", ...value] = setting.split("=");
  set(key, value.join("="));
}
pulumi("up", "--stack", name, "--yes", "--skip-preview");

function set(key: string, value: string): void {
  pulumi("config", "set", "--stack", name ?? "", "--path", `ratesapp:${key}`, value);
}

/** Whether the cluster has the operator already, which several stacks share. */
async function hasDefinition(definition: string): Promise<boolean> {
  const api = kubeconfig.makeApiClient(ApiextensionsV1Api);
  const { items } = await api.listCustomResourceDefinition({ fieldSelector: `metadata.name=${definition}` });
  return items.length > 0;
}

function pulumi(...args: string[]): void {
  const { error, status } = spawnSync("pulumi", args, { stdio: "inherit" });
  if (error) console.error(`pulumi did not start: ${error.message}; https://www.pulumi.com/docs/install/`);
  if (status !== 0) process.exit(status ?? 1);
}
