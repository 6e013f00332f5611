import type { Log } from "../../database/log.js";
import { type KubernetesApi, type Resource, resources } from "./kubernetes-api.js";
import type { KubernetesObject } from "./objects.js";

const LONGEST_NOTE = 1_000;

/** What happened to an object. */
export interface Happened {
  readonly type: "Normal" | "Warning";
  /** One word for programs. */
  readonly reason: string;
  /** What was done, in one word. */
  readonly action: string;
  /** A sentence for people. */
  readonly note: string;
}

/** Writes what happened as Events of an object, which `kubectl describe` lists. */
export class Events {
  readonly #api: KubernetesApi;
  readonly #about: Resource;
  readonly #controller: string;
  readonly #instance: string;
  readonly #log: Log;

  /** @param about the kind of the objects, because objects of a list do not contain it. */
  constructor(api: KubernetesApi, about: Resource, controller: string, instance: string, log: Log) {
    this.#api = api;
    this.#about = about;
    this.#controller = controller;
    this.#instance = instance;
    this.#log = log;
  }

  /** If the Event cannot be written, that is only logged, because the work that it is about is done. */
  async tell(about: KubernetesObject, { type, reason, action, note }: Happened): Promise<void> {
    const { name, namespace, uid, resourceVersion } = about.metadata;
    try {
      await this.#api.create(resources.events, {
        metadata: { generateName: `${name}-` },
        type,
        reason,
        action,
        note: note.slice(0, LONGEST_NOTE),
        eventTime: `${new Date().toISOString().slice(0, -1)}000Z`,
        regarding: {
          apiVersion: this.#about.apiVersion,
          kind: this.#about.kind,
          name,
          namespace,
          uid,
          resourceVersion,
        },
        reportingController: this.#controller,
        reportingInstance: this.#instance,
      });
    } catch (error) {
      this.#log.warn({ object: name, reason, note, error: String(error) }, "an event could not be written");
    }
  }
}
