import { z } from "zod";
import type { KubernetesApi } from "../../app/operator/kubernetes/kubernetes-api.js";
import { isStatus } from "../../app/operator/kubernetes/kubernetes-error.js";
import type { KubernetesObject } from "../../app/operator/kubernetes/objects.js";
import { kinds } from "./objects.js";

const release = z.object({
  id: z.string(),
  kind: z.enum(["release", "rollback"]),
  image: z.string(),
  /** What ran before, and runs again if this image is taken back. */
  before: z.string(),
  by: z.string(),
  at: z.string(),
  /** Servers first, then what ingests. `back`: the image before is on its way back. */
  step: z.enum(["servers", "ingest", "back"]),
  /** Who asked for its end. */
  abortedBy: z.string().optional(),
  /** Why it is taken back. */
  reason: z.string().optional(),
  /** Not there while it is under way. */
  end: z.object({ at: z.string(), outcome: z.enum(["released", "taken back", "aborted"]) }).optional(),
});

/** One release, as it is kept. Instants are ISO 8601. */
export type Release = z.output<typeof release>;

/** So many releases are kept: about 10 KB. */
const KEPT = 30;
const KEY = "releases.json";
const ATTEMPTS = 5;

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** What was released, oldest first: a ConfigMap beside the workloads. */
export class ReleaseRecord {
  readonly #api: KubernetesApi;
  readonly #name: string;

  constructor(api: KubernetesApi, name: string) {
    this.#api = api;
    this.#name = name;
  }

  async all(): Promise<Release[]> {
    return releasesOf(await this.#api.get<ConfigMap>(kinds.configMaps, this.#name));
  }

  /** The release that is under way. */
  async current(): Promise<Release | undefined> {
    return (await this.all()).find(({ end }) => end === undefined);
  }

  async add(one: Release): Promise<void> {
    await this.#change((all) => [...all, one].slice(-KEPT));
  }

  /** Changes one release. Another process may change it too: one releases, another one aborts. */
  async update(id: string, change: Partial<Release>): Promise<Release> {
    const all = await this.#change((before) => before.map((one) => (one.id === id ? { ...one, ...change } : one)));
    const updated = all.find((one) => one.id === id);
    if (!updated) throw new Error(`there is no release ${id}`);
    return updated;
  }

  async #change(change: (all: Release[]) => Release[]): Promise<Release[]> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.#api.get<ConfigMap>(kinds.configMaps, this.#name);
      const all = change(releasesOf(found));
      const { resourceVersion } = found.metadata;
      const data = { [KEY]: JSON.stringify(all, null, 1) };
      try {
        await this.#api.patch(kinds.configMaps, this.#name, "merge", { metadata: { resourceVersion }, data });
        return all;
      } catch (error) {
        if (!isStatus(error, 409) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

const releasesOf = ({ data }: ConfigMap): Release[] => z.array(release).parse(JSON.parse(data?.[KEY] ?? "[]"));
