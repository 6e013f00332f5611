import { hostname, userInfo } from "node:os";
import { AuthenticationV1Api } from "@kubernetes/client-node";
import { KubeConfig } from "../../app/operator/kubernetes/client-library.js";
import { KubernetesApi } from "../../app/operator/kubernetes/kubernetes-api.js";
import { type Names, namesOf } from "../names.js";
import { SettingsError } from "../restore/restore-error.js";
import { Stack } from "../restore/stack.js";
import { releaseNames } from "../workloads/releaser.js";
import type { ImageTexts } from "./pulumi-up.js";
import { ReleaseRecord } from "./record.js";

/** What each step of a release uses. */
export interface Scene {
  readonly stack: Stack;
  /** Folder of Pulumi.yaml. */
  readonly cwd: string;
  readonly api: KubernetesApi;
  readonly names: Names;
  readonly record: ReleaseRecord;
  /** Name of the Lease. */
  readonly lease: string;
}

export interface SceneOptions {
  readonly stack: string;
  readonly cwd: string;
}

/** @throws {SettingsError} if the stack has no Rollout. @throws {StackSettingsError} */
export async function sceneOf({ cwd, stack: name }: SceneOptions): Promise<Scene> {
  const stack = new Stack(name, cwd);
  const { settings } = await stack.settings({ secrets: false });
  if (settings.delivery.strategy === "rolling") {
    throw new SettingsError(
      `The stack ${name} delivers rolling: pulumi config set --stack ${name} ratesapp:image IMAGE && pulumi up --stack ${name}`,
    );
  }
  const names = namesOf(name);
  const config = new KubeConfig();
  config.loadFromDefault();
  // The program calls the context of its own EKS like the cluster.
  const context = settings.cluster.eks ? names.workloads : settings.cluster.context;
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new SettingsError(`Your kubeconfig has no context ${context}.`);
    config.setCurrentContext(context);
  }
  const api = new KubernetesApi(config, names.workloads, "ratesapp-release");
  const { lease, record } = releaseNames(names.release);
  return { stack, cwd, api, names, lease, record: new ReleaseRecord(api, record) };
}

/** What runs, as the last `up` left it. @throws {SettingsError} if there was none. */
export async function running({ stack }: Scene): Promise<ImageTexts> {
  const images = await stack.images();
  if (images) return images;
  throw new SettingsError(`The stack ${stack.name} has never been made: pulumi up --stack ${stack.name}`);
}

/** The user of this machine, and who that is for the cluster. */
export async function whoami({ api }: Scene): Promise<string> {
  const { status } = await api.config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
  return `${userInfo().username}@${hostname()} (${status?.userInfo?.username ?? "unknown"})`;
}
