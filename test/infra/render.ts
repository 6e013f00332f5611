import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import yaml from "js-yaml";

/** A resource as the program registers it. */
export interface Rendered {
  readonly type: string;
  readonly name: string;
  /** Secrets as {@link SECRET}, what only an `up` brings to light as {@link UNKNOWN}. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Types of its parents and its own, and its name, as in the URN: `ratesapp:a:A$aws:s3/bucket:Bucket::name`. */
  readonly path: string;
  /** Paths of the resources that it waits for, by `dependsOn` or because it uses their outputs. */
  readonly dependencies: readonly string[];
  /** `URN::ID` of the provider that was chosen for it; empty: the default one of its package. */
  readonly provider: string;
  readonly component: boolean;
}

export const SECRET = "[secret]";
export const UNKNOWN = "[known after up]";

/** What stands in for every password, to look for it where it must not be. */
export const PASSWORD = "correct-horse-battery-staple";

export type Config = Readonly<Record<string, unknown>>;

export function configOf(stack: string): Config {
  const file = yaml.load(readFileSync(new URL(`../../Pulumi.${stack}.yaml`, import.meta.url), "utf8")) as {
    config: Config;
  };
  return file.config;
}

let runs = 0;

/**
 * Runs the program for a stack against Pulumi's mocks, as a preview would: what it registers, and nothing connects.
 * @param secretKeys of `config`, as `pulumi config set --secret` would make them.
 */
export async function render(
  stack: string,
  config = configOf(stack),
  secretKeys: readonly string[] = [],
): Promise<Rendered[]> {
  const rendered: Rendered[] = [];
  // The provider takes it into its inputs, and the golden files would hold a path of this machine.
  delete process.env.KUBECONFIG;
  await pulumi.runtime.setMocks({ newResource: made, call }, "ratesapp", stack, true, "organization");
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, text(value)])), [
    ...secretKeys,
  ]);
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const registerResource = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    // Its path is known when it is registered.
    const position = rendered.length;
    rendered.push({
      path: "",
      dependencies: request.getDependenciesList().map(pathOf).sort(),
      type: request.getType(),
      name: request.getName(),
      inputs: readable(request.getObject().toJavaScript()) as Record<string, unknown>,
      protect: request.getProtect(),
      retainOnDelete: request.getRetainondelete(),
      provider: request.getProvider(),
      component: !request.getCustom() && !REMOTE_COMPONENTS.has(request.getType()),
    });
    return registerResource(request, (error: unknown, response: Response | undefined) => {
      if (response) rendered[position] = { ...(rendered[position] as Rendered), path: pathOf(response.getUrn()) };
      callback(error, response);
    });
  };
  // Pulumi's mocks know no hooks.
  monitor.registerResourceHook = (_, callback) => callback(null, {});
  runs += 1;
  const { fetch } = globalThis;
  globalThis.fetch = released;
  // Pulumi takes a stack for each of thousands of promises; with source maps that is half of the time.
  process.setSourceMapsEnabled(false);
  try {
    await import(`../../infra/index.ts?run=${runs}`);
    await pulumi.runtime.disconnect();
  } finally {
    process.setSourceMapsEnabled(true);
    globalThis.fetch = fetch;
  }
  return rendered.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

export const keyOf = ({ name, type }: Pick<Rendered, "name" | "type">): string => `${type} ${name}`;

interface Request {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getProvider(): string;
  getDependenciesList(): string[];
  getObject(): { toJavaScript(): unknown };
}

interface Response {
  getUrn(): string;
}

type Callback = (error: unknown, response: Response | undefined) => void;

interface Monitor {
  registerResource(request: Request, callback: Callback): unknown;
  registerResourceHook(request: unknown, callback: (error: null, response: object) => void): void;
}

/** An URN without what is the same for all resources of a stack. */
const pathOf = (urn: string): string => urn.split("::").slice(2).join("::");

/** Components whose inputs are rendered by their provider. */
const REMOTE_COMPONENTS = new Set([
  "kubernetes:yaml/v2:ConfigGroup",
  "kubernetes:helm.sh/v4:Chart",
  "eks:index:Cluster",
]);

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function readable(value: unknown): unknown {
  if (value === UNKNOWN_VALUE) return UNKNOWN;
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET_SIGNATURE) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

/** In place of a release page: a manifest of one definition and one Deployment, both named after its address. */
const released: typeof fetch = async (address) => {
  const release = new URL(String(address)).pathname
    .slice(1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  return new Response(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.${release} }
spec:
  group: ${release}
  names: { kind: Thing, plural: things }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, description: a text of no use } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${release}, namespace: operators }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${release} } }
  template: { metadata: { labels: { app: ${release} } }, spec: { containers: [] } }
`);
};

/** Outputs that the program goes on with. */
function made({ inputs, name, type }: pulumi.runtime.MockResourceArgs): { id: string; state: Record<string, unknown> } {
  const id = `${type.split(":").at(-1)}-${name}`;
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { id, state: { ...inputs, result: pulumi.secret(PASSWORD) } };
    case "random:index/randomId:RandomId":
      return { id, state: { ...inputs, hex: "0badcafe" } };
    case "eks:index:Cluster":
      return {
        id,
        state: {
          ...inputs,
          kubeconfigJson: "{}",
          eksCluster: { name: inputs.name },
          clusterSecurityGroupId: `sg-${name}`,
          autoModeNodeRoleName: `${name}-nodeRole`,
        },
      };
    case "aws:s3/bucket:Bucket":
      return { id, state: { ...inputs, bucket: name, arn: `arn:aws:s3:::${name}` } };
    case "aws:kms/key:Key":
      return { id, state: { ...inputs, keyId: id, arn: `arn:aws:kms:::key/${name}` } };
    case "aws:iam/role:Role":
      return { id, state: { ...inputs, arn: `arn:aws:iam:::role/${name}` } };
    case "aws:eks/podIdentityAssociation:PodIdentityAssociation":
      return { id, state: { ...inputs, associationId: id } };
    case "aws:ecr/repository:Repository":
      return { id, state: { ...inputs, repositoryUrl: `registry.example/${name}` } };
    default:
      return { id, state: inputs };
  }
}

function call({ inputs, token }: pulumi.runtime.MockCallArgs): Record<string, unknown> {
  if (token === "aws:index/getRegion:getRegion") return { region: "eu-west-1" };
  if (token === "aws:index/getAvailabilityZones:getAvailabilityZones") {
    return { names: ["eu-west-1a", "eu-west-1b", "eu-west-1c"] };
  }
  return inputs;
}
