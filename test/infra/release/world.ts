import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type KubernetesApi, type Resource, resources } from "../../../app/operator/kubernetes/kubernetes-api.js";
import type { KubernetesObject } from "../../../app/operator/kubernetes/objects.js";
import { manifestParts } from "../../../infra/platform/manifest-parts.js";
import { textOf } from "../../../infra/platform/operator-manifests.js";
import { releases } from "../../../infra/platform/releases.js";
import { ownRules, rolloutRules } from "../../../infra/platform/rollout-rights.js";
import { HASH, kinds, type ReplicaSet, type Rollout } from "../../../infra/release/objects.js";
import { ReleaseRecord } from "../../../infra/release/record.js";
import { delivery as deliverySchema } from "../../../infra/settings/delivery.js";
import { releaseNames, releaserRules } from "../../../infra/workloads/releaser.js";
import { analysisSpec, rolloutSpec } from "../../../infra/workloads/rollout.js";
import { ApiServer, end, freePorts, run, skipWithoutApiServer } from "../../kit/api-server.js";
import { skipWithout } from "../../kit/skip.js";
import { until } from "../../kit/until.js";
import { skipWithoutHelm } from "../chart/helm.js";
import { root } from "../root.js";
import { bundle, PROGRAM } from "./bundle.js";
import { type Fate, Kubelet, type Pod } from "./kubelet.js";
import { type Measured, Prometheus } from "./prometheus.js";

const NAMESPACE = "ratesapp-staging";
const RELEASE = "ratesapp";
const RBAC = "rbac.authorization.k8s.io";
const SLOW = { timeoutMs: 120_000, everyMs: 100 };

const more = {
  namespaces: { apiVersion: "v1", kind: "Namespace", plural: "namespaces" },
  definitions: {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
  },
  clusterRoles: { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", plural: "clusterroles" },
  clusterRoleBindings: { apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", plural: "clusterrolebindings" },
  roles: { apiVersion: `${RBAC}/v1`, kind: "Role", plural: "roles" },
  roleBindings: { apiVersion: `${RBAC}/v1`, kind: "RoleBinding", plural: "rolebindings" },
} as const satisfies Record<string, Resource>;

/** What a command wrote, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A command under way. */
export interface Running {
  readonly child: ChildProcess;
  /** All that it wrote so far. */
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

/**
 * A staging stack on a real API server, with the real controllers of Kubernetes and of Argo Rollouts. There are no
 * nodes, no Pulumi and no Prometheus: kubelet.ts, pulumi.mjs and prometheus.ts stand in for them. Argo Rollouts has the
 * rights that the program gives it, and the command those of the Role of releasers.
 */
export class World {
  readonly api: KubernetesApi;
  readonly record: ReleaseRecord;
  /** By image. Pods of other images are ready, and what is measured of them is good. */
  readonly fates = new Map<string, Fate>();
  readonly failingMigrations = new Set<string>();
  readonly measured = new Map<string, Measured>();
  readonly kubelet: Kubelet;
  readonly folder = mkdtempSync(join(tmpdir(), "ratesapp-world-"));
  readonly #server: ApiServer;
  readonly #programs: readonly Supervised[];
  readonly #prometheus: Prometheus;

  private constructor(server: ApiServer, programs: readonly Supervised[], prometheus: Prometheus) {
    this.#server = server;
    this.#programs = programs;
    this.#prometheus = prometheus;
    this.api = server.api(NAMESPACE, "test");
    this.record = new ReleaseRecord(this.api, releaseNames(RELEASE).record);
    this.kubelet = new Kubelet(this.api, this.fates, this.failingMigrations);
  }

  static async start(strategy: "blueGreen" | "canary"): Promise<World> {
    await bundle();
    const server = await ApiServer.start({ users: ["releaser", "argo-rollouts"] });
    const measured = { of: (_: string): Measured => ({}) };
    const prometheus = await Prometheus.start((hash) => measured.of(hash));
    const { cluster } = server;
    await cluster.create(more.namespaces, { metadata: { name: NAMESPACE } });
    await cluster.create(more.namespaces, { metadata: { name: "argo-rollouts" } });
    const { definitions } = manifestParts(await textOf(releases.argoRollouts));
    for (const definition of definitions) await cluster.create(more.definitions, definition);
    await grant(server, "argo-rollouts", "argo-rollouts", ownRules);
    await cluster.create(more.clusterRoles, { metadata: { name: "argo-rollouts" }, rules: rolloutRules });
    await cluster.create(more.clusterRoleBindings, {
      metadata: { name: "argo-rollouts" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "argo-rollouts" },
      subjects: [{ apiGroup: RBAC, kind: "User", name: "argo-rollouts" }],
    });
    const [metrics, health, secure] = (await freePorts(3)) as [number, number, number];
    const controllers = ["deployment", "replicaset", "job", "garbage-collector"].map((name) => `${name}-controller`);
    const programs = [
      new Supervised("kube-controller-manager", [
        `--kubeconfig=${server.kubeconfig}`,
        `--controllers=${controllers.join(",")}`,
        `--secure-port=${secure}`,
        "--leader-elect=false",
      ]),
      new Supervised("argo-rollouts", [
        `--kubeconfig=${server.kubeconfigOf("argo-rollouts")}`,
        `--metricsPort=${metrics}`,
        `--healthzPort=${health}`,
        "--leader-elect=false",
      ]),
    ];
    const world = new World(server, programs, prometheus);
    measured.of = (hash) => ({ "sum(up": 1, ...world.measured.get(world.kubelet.images.get(hash) ?? "") });
    try {
      await world.#up(strategy);
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  /** As `npm run release -- --stack staging` with these options. */
  start(...options: string[]): Running {
    const child = spawn(process.execPath, [PROGRAM, "--stack", "staging", "-C", this.folder, ...options], {
      cwd: root,
      env: this.#env(this.#server.kubeconfigOf("releaser")),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        output += data;
      });
    }
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
    return { child, output: () => output, ended };
  }

  release(...options: string[]): Promise<Ended> {
    return this.start(...options).ended;
  }

  async rollout(): Promise<Rollout> {
    return await this.api.get<Rollout>(kinds.rollouts, `${RELEASE}-api`);
  }

  async deploymentReplicas(): Promise<number | undefined> {
    type Deployment = KubernetesObject & { spec: { replicas?: number } };
    return (await this.api.get<Deployment>(kinds.deployments, `${RELEASE}-api`)).spec.replicas;
  }

  /** The hash of the pods that a Service leads to. */
  async selector(service: string): Promise<string | undefined> {
    type Service = KubernetesObject & { spec: { selector?: Record<string, string> } };
    const { spec } = await this.api.get<Service>({ apiVersion: "v1", kind: "Service", plural: "services" }, service);
    return spec.selector?.[HASH];
  }

  /** Pods of an image that Kubernetes counts as available. */
  async available(image: string): Promise<number> {
    const { items } = await this.api.list<ReplicaSet>(kinds.replicaSets, HASH);
    return items
      .filter(({ spec }) => spec.template.spec?.containers[0]?.image === image)
      .reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
  }

  /** Names of an image's pods that are not being deleted. */
  async startedPods(image: string): Promise<string[]> {
    const { items } = await this.api.list<Pod>(resources.pods, "app.kubernetes.io/component=api");
    return items
      .filter(({ metadata, spec }) => !metadata.deletionTimestamp && spec.containers[0]?.image === image)
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  /** Images of the Deployments. */
  async images(): Promise<Record<"api" | "operator", string | undefined>> {
    type Deployment = KubernetesObject & { spec: { template: { spec: { containers: { image: string }[] } } } };
    const of = async (name: string) =>
      (await this.api.get<Deployment>(kinds.deployments, `${RELEASE}-${name}`)).spec.template.spec.containers[0]?.image;
    return { api: await of("api"), operator: await of("operator") };
  }

  /** Scales as the autoscaler does. */
  async scale(replicas: number): Promise<void> {
    await this.api.patch(kinds.rollouts, `${RELEASE}-api`, "merge", { spec: { replicas } });
    await until(
      `there are ${replicas} pods`,
      async () => {
        const { availableReplicas, phase } = (await this.rollout()).status ?? {};
        return phase === "Healthy" && availableReplicas === replicas;
      },
      SLOW,
    );
  }

  /** The process of Pulumi that is at work. */
  pulumi(): number {
    return (JSON.parse(readFileSync(join(this.folder, "lock.json"), "utf8")) as { pid: number }).pid;
  }

  /** Runs `pulumi up` as another user would, and returns the names of the objects that it changed. */
  async upAgain(): Promise<string[]> {
    await this.#pulumi();
    return JSON.parse(readFileSync(join(this.folder, "changes.json"), "utf8")) as string[];
  }

  async close(): Promise<void> {
    await this.kubelet.close();
    for (const program of this.#programs) await program.close();
    await this.#prometheus.close();
    await this.#server.close();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(PROGRAM, { force: true });
  }

  async #up(strategy: "blueGreen" | "canary"): Promise<void> {
    const delivery = deliverySchema.parse({
      strategy,
      steps: [
        // Two measurements take two seconds, and on a busy machine more.
        { weight: 10, seconds: 5 },
        { weight: 40, seconds: 2 },
      ],
      keepSeconds: 60,
      checks: { intervalSeconds: 1 },
    });
    const args = { delivery, minReplicas: 3, release: RELEASE, prometheus: this.#prometheus.url };
    const { lease, record, role } = releaseNames(RELEASE);
    await grant(this.#server, NAMESPACE, "releaser", releaserRules(RELEASE), role);
    const argo = { apiVersion: "argoproj.io/v1alpha1" };
    const api = { name: `${RELEASE}-api` };
    const objects = [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: record } },
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: lease } },
      { ...argo, kind: "AnalysisTemplate", metadata: api, spec: analysisSpec(args, NAMESPACE) },
      // The five seconds for which a pod must be ready would be most of each test.
      { ...argo, kind: "Rollout", metadata: api, spec: { ...rolloutSpec(args), minReadySeconds: 0 } },
    ];
    const file = (name: string, content: unknown) => writeFileSync(join(this.folder, name), JSON.stringify(content));
    file("objects.json", objects);
    file("chart.json", join(root, "charts/ratesapp"));
    file("values.json", {
      database: { owner: { secretName: "postgres" } },
      api: { delivery: strategy, autoscaling: { enabled: true, minReplicas: 3 } },
      migration: { backoffLimit: 0 },
    });
    const setting = (objectValue: unknown) => ({ objectValue });
    file("settings.json", {
      "ratesapp:environment": setting("staging"),
      "ratesapp:cluster": setting({ context: "test" }),
      "ratesapp:delivery": setting({ strategy }),
    });
    writeFileSync(
      join(this.folder, "pulumi"),
      `#!/bin/sh\nexec ${process.execPath} ${fileURLToPath(new URL("pulumi.mjs", import.meta.url))} "$@"\n`,
    );
    chmodSync(join(this.folder, "pulumi"), 0o755);
    await this.#pulumi({ RATESAPP_RELEASE: JSON.stringify({ servers: imageOf(1), ingest: imageOf(1) }) });
    await until("the first version serves", async () => (await this.rollout()).status?.phase === "Healthy", SLOW);
  }

  async #pulumi(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(join(this.folder, "pulumi"), ["up"], {
      env: { ...this.#env(this.#server.kubeconfig), ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stderr.on("data", (data: Buffer) => {
      output += data;
    });
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(output);
  }

  #env(kubeconfig: string): NodeJS.ProcessEnv {
    const { RATESAPP_RELEASE: _, ...env } = process.env;
    return {
      ...env,
      PATH: `${this.folder}${delimiter}${process.env.PATH}`,
      STAND_IN: this.folder,
      KUBECONFIG: kubeconfig,
    };
  }
}

/** A program that is started again when it ends, as the kubelet does: on a busy machine it may miss a deadline. */
class Supervised {
  #child: ChildProcess;
  #closed = false;

  constructor(program: string, args: readonly string[]) {
    const start = (): ChildProcess =>
      run(program, args).once("exit", () => {
        if (!this.#closed) this.#child = start();
      });
    this.#child = start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await end(this.#child);
  }
}

/** Skips, and says why, where a program of a {@link World} is missing. */
export async function skipWithoutWorld(context: Mocha.Context): Promise<void> {
  skipWithoutApiServer(context, "kube-controller-manager", "argo-rollouts");
  await skipWithout(context, "kubectl");
  skipWithoutHelm.call(context);
}

export const imageOf = (version: number): string => `registry.example/ratesapp:${version}`;

async function grant(server: ApiServer, namespace: string, user: string, rules: object[], name = user): Promise<void> {
  const api = server.api(namespace, "test");
  await api.create(more.roles, { metadata: { name }, rules });
  await api.create(more.roleBindings, {
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "Role", name },
    subjects: [{ apiGroup: RBAC, kind: "User", name: user }],
  });
}
