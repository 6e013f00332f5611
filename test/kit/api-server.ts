import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "../../app/operator/kubernetes/client-library.js";
import { KubernetesApi, type Resource } from "../../app/operator/kubernetes/kubernetes-api.js";
import { skipBecause } from "./skip.js";
import { until } from "./until.js";

const STARTED = { timeoutMs: 90_000, everyMs: 100 };

/** Where the programs may be: the folder that Kubernetes' own test tools name, then PATH. */
const FOLDERS = [process.env.KUBEBUILDER_ASSETS, ...(process.env.PATH ?? "").split(delimiter)];

function find(program: string): string | undefined {
  return FOLDERS.map((folder) => folder && join(folder, program)).find((path) => {
    try {
      if (path) accessSync(path, constants.X_OK);
      return path;
    } catch {
      return false;
    }
  });
}

/** Skips, and says why, where there is no etcd or no API server, or another program of Kubernetes is missing. */
export function skipWithoutApiServer(context: Mocha.Context, ...more: readonly string[]): void {
  for (const program of ["etcd", "kube-apiserver", ...more]) {
    if (!find(program)) skipBecause(context, `there is no ${program} on PATH or in $KUBEBUILDER_ASSETS`);
  }
}

/** Objects that are in no namespace. */
class ClusterApi extends KubernetesApi {
  override pathOf(resource: Resource, name?: string, subresource?: string): string {
    return super.pathOf(resource, name, subresource).replace(`/namespaces/${this.namespace}`, "");
  }
}

/**
 * A real API server of Kubernetes with an etcd of its own, and nothing around them: what is written is kept, and no
 * controller acts on it. It can be stopped and started again, which no test may do to a cluster that others use.
 */
export class ApiServer {
  readonly #folder: string;
  readonly #port: number;
  readonly #etcdPort: number;
  readonly #token = randomUUID();
  readonly #users: Readonly<Record<string, string>>;
  #etcd: ChildProcess | undefined;
  #server: ChildProcess | undefined;

  private constructor(folder: string, port: number, etcdPort: number, users: readonly string[]) {
    this.#folder = folder;
    this.#users = Object.fromEntries(users.map((user) => [user, randomUUID()]));
    this.#port = port;
    this.#etcdPort = etcdPort;
  }

  /** @param users beside the one with all rights. They have none, until they are bound to a role. */
  static async start({ users = [] }: { users?: readonly string[] } = {}): Promise<ApiServer> {
    const [port, etcdPort, peerPort] = (await freePorts(3)) as [number, number, number];
    const server = new ApiServer(await mkdtemp(join(tmpdir(), "ratesapp-api-server-")), port, etcdPort, users);
    await server.#prepare(peerPort);
    await server.resume();
    return server;
  }

  /** Path of a kubeconfig with all rights. */
  get kubeconfig(): string {
    return join(this.#folder, "kubeconfig");
  }

  /** Path of the kubeconfig of a user. */
  kubeconfigOf(user: string): string {
    return join(this.#folder, `kubeconfig-${user}`);
  }

  /** The objects of a namespace. @param manager in whose name fields are owned. */
  api(namespace: string, manager: string): KubernetesApi {
    const config = new KubeConfig();
    config.loadFromFile(this.kubeconfig);
    return new KubernetesApi(config, namespace, manager);
  }

  /** Objects that are in no namespace. */
  get cluster(): KubernetesApi {
    const config = new KubeConfig();
    config.loadFromFile(this.kubeconfig);
    return new ClusterApi(config, "none", "test");
  }

  /** Starts the API server, again after {@link stop}: at the same address, with the same objects. */
  async resume(): Promise<void> {
    const at = (file: string) => join(this.#folder, file);
    this.#server = run("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      `--secure-port=${this.#port}`,
      "--bind-address=127.0.0.1",
      `--cert-dir=${at("certificates")}`,
      `--token-auth-file=${at("tokens.csv")}`,
      "--authorization-mode=RBAC",
      "--disable-admission-plugins=ServiceAccount",
      "--endpoint-reconciler-type=none",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${at("service-accounts.key")}`,
      `--service-account-signing-key-file=${at("service-accounts.key")}`,
      "--shutdown-delay-duration=0s",
    ]);
    const api = this.api("default", "test");
    await until("the API server is ready", () => api.list({ apiVersion: "v1", kind: "Secret", plural: "secrets" }), {
      ...STARTED,
    });
  }

  /** Ends the API server; its objects stay in etcd. */
  async stop(): Promise<void> {
    await end(this.#server);
    this.#server = undefined;
  }

  /** Ends both, and takes their files away. */
  async close(): Promise<void> {
    await this.stop();
    await end(this.#etcd);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(peerPort: number): Promise<void> {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(join(this.#folder, "service-accounts.key"), key, { mode: 0o600 });
    const lines = Object.entries(this.#users).map(([user, token]) => `${token},${user},${user}\n`);
    await writeFile(join(this.#folder, "tokens.csv"), `${this.#token},test,test,"system:masters"\n${lines.join("")}`, {
      mode: 0o600,
    });
    await this.#writeKubeconfig(this.kubeconfig, this.#token);
    for (const [user, token] of Object.entries(this.#users)) {
      await this.#writeKubeconfig(this.kubeconfigOf(user), token);
    }
    const client = `http://127.0.0.1:${this.#etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    this.#etcd = run("etcd", [
      `--data-dir=${join(this.#folder, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--unsafe-no-fsync",
    ]);
  }

  async #writeKubeconfig(path: string, token: string): Promise<void> {
    await writeFile(
      path,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
          { name: "test", cluster: { server: `https://127.0.0.1:${this.#port}`, "insecure-skip-tls-verify": true } },
        ],
        users: [{ name: "test", user: { token } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
        "current-context": "test",
      }),
      { mode: 0o600 },
    );
  }
}

/** Starts a program of Kubernetes. */
export function run(program: string, args: readonly string[]): ChildProcess {
  return spawn(find(program) ?? program, args, { stdio: "ignore" });
}

/** Ends a program at once. */
export async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Ports of this machine that no program listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
