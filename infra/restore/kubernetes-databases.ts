import { faultsInLog } from "../../app/drill/restore-log.js";
import { answer, ProgramError } from "./programs.js";
import { RestoreError } from "./restore-error.js";

/** What the operator says of a Cluster. */
export interface ClusterState {
  readonly phase: string;
  readonly instances: number;
  readonly readyInstances: number;
  readonly currentPrimary: string | undefined;
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The databases of a stack, by kubectl. */
export class KubernetesDatabases {
  readonly #context: string | undefined;
  readonly #namespace: string;

  constructor(context: string | undefined, namespace: string) {
    this.#context = context;
    this.#namespace = namespace;
  }

  /** Undefined if there is no such Cluster, or nothing of the stack at all. */
  async state(cluster: string): Promise<ClusterState | undefined> {
    type Cluster = { metadata: { deletionTimestamp?: string }; spec: { instances: number }; status?: ClusterState };
    try {
      const text = await this.#kubectl("get", "clusters.postgresql.cnpg.io", cluster, "-o=json");
      const { metadata, spec, status } = JSON.parse(text) as Cluster;
      if (metadata.deletionTimestamp !== undefined) return undefined;
      return {
        phase: status?.phase ?? "not begun",
        instances: spec.instances,
        readyInstances: status?.readyInstances ?? 0,
        currentPrimary: status?.currentPrimary,
      };
    } catch (error) {
      // "the server doesn't have a resource type": a new Kubernetes cluster, without the operator.
      if (error instanceof ProgramError && /NotFound|have a resource type/.test(error.output)) return undefined;
      throw error;
    }
  }

  /** The pod of the primary; undefined if none is ready. */
  async primary(cluster: string): Promise<string | undefined> {
    const items = await this.#pods(`cnpg.io/cluster=${cluster},cnpg.io/instanceRole=primary`);
    const ready = ({ status }: Pod) => status.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    return items.find(ready)?.metadata.name;
  }

  /** Runs SQL as the superuser on the primary, and returns its rows as text. @throws {RestoreError} */
  async psql(cluster: string, sql: string): Promise<string> {
    const pod = await this.primary(cluster);
    if (pod === undefined) throw new RestoreError(`The database ${cluster} has no primary that is ready.`);
    const psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "ratesapp", "-c", sql];
    return (await this.#kubectl("exec", pod, "-c", "postgres", "--", ...psql)).trim();
  }

  /** The last lines of a restore that failed; undefined if none has. */
  async failedRestore(cluster: string): Promise<string | undefined> {
    const items = await this.#pods(`cnpg.io/cluster=${cluster},cnpg.io/jobRole=full-recovery`);
    const failed = items.find(({ status }) => status.phase === "Failed");
    if (!failed) return undefined;
    const log = await this.#kubectl("logs", failed.metadata.name, "--all-containers", "--tail=200");
    return faultsInLog(log)
      .map((fault) => `  ${fault}`)
      .join("\n");
  }

  async #pods(selector: string): Promise<readonly Pod[]> {
    const { items } = JSON.parse(await this.#kubectl("get", "pods", "-l", selector, "-o=json")) as { items: Pod[] };
    return items;
  }

  #kubectl(...args: string[]): Promise<string> {
    const context = this.#context === undefined ? [] : ["--context", this.#context];
    return answer("kubectl", [...context, "-n", this.#namespace, ...args]);
  }
}
