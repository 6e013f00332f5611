import { type CommandOptions, run } from "./command.js";

export const kubectl = (args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  run("kubectl", args, { timeoutMs: 120_000, ...options });

/** Applies objects. */
export const apply = (...objects: object[]): Promise<string> =>
  kubectl(["apply", "-f", "-"], { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) });

/** An object, or a list of them, as JSON. */
export async function get<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl(["get", ...args, "-o", "json"])) as T;
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly phase: string;
    readonly podIP: string;
    readonly conditions: readonly { type: string; status: string; lastTransitionTime: string }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

export const pods = async (namespace: string, selector: string): Promise<Pod[]> =>
  (await get<{ items: Pod[] }>("pods", "-n", namespace, "-l", selector)).items;

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True");

/** Runs a command in a pod's container and returns what it wrote. */
export const exec = (namespace: string, pod: string, container: string, ...command: string[]): Promise<string> =>
  kubectl(["-n", namespace, "exec", pod, "-c", container, "--", ...command]);

/** Runs a script of Node's in a pod with the application's image. */
export const node = (namespace: string, pod: string, container: string, script: string): Promise<string> =>
  exec(namespace, pod, container, "node", "--input-type=module", "-e", script);

/** Runs a program with the modules of the application's image; it may import them. */
export const program = (namespace: string, pod: string, container: string, text: string): Promise<string> =>
  kubectl(["-n", namespace, "exec", "-i", pod, "-c", container, "--", "node", "--input-type=module", "-"], {
    input: text,
  });
