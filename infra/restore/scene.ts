import { ArchiveReader } from "../archive/archive-reader.js";
import { namesOf } from "../names.js";
import type { Settings } from "../settings/schema.js";
import { KubernetesDatabases } from "./kubernetes-databases.js";
import { SettingsError } from "./restore-error.js";
import { Stack } from "./stack.js";

/** The stack that a step works on. */
export interface StepOptions {
  readonly stack: string;
  /** Folder of Pulumi.yaml. */
  readonly cwd: string;
}

/** A step that asks before it does something. */
export interface AskingOptions extends StepOptions {
  /** Asks the user, and throws if the answer is no. */
  readonly confirm: (question: string) => Promise<void>;
}

/** What each step begins with. */
export interface Scene {
  readonly stack: Stack;
  readonly settings: Settings;
  readonly databases: KubernetesDatabases;
  /** Name of the database that pods use. */
  readonly serving: string;
  /** Names of the others. */
  readonly others: readonly string[];
  readonly reader: (destination: string) => ArchiveReader;
}

/** @throws {SettingsError} if the stack has no archive. @throws {StackSettingsError} */
export async function sceneOf({ cwd, stack: name }: StepOptions): Promise<Scene> {
  const stack = new Stack(name, cwd);
  const { keys, settings } = await stack.settings();
  const { backups, clusters, serving } = settings.database;
  if (!backups) throw new SettingsError(`The stack ${name} has no backups (ratesapp:database.backups).`);
  const { database, workloads } = namesOf(name);
  return {
    stack,
    settings,
    serving,
    others: Object.keys(clusters).filter((one) => one !== serving),
    // The program calls the context of its own EKS like the cluster.
    databases: new KubernetesDatabases(settings.cluster.eks ? workloads : settings.cluster.context, database),
    reader: (destination) => new ArchiveReader({ destination, endpoint: backups.endpoint, keys }),
  };
}

/** The database that pods do not use. @throws {SettingsError} if there is none, or more than one and none is named. */
export function otherOf({ others, serving }: Scene, name: string | undefined): string {
  const known = others.length > 0 ? `: ${others.join(", ")}` : "";
  const [other] = name === undefined ? others : others.filter((one) => one === name);
  if (other === undefined)
    throw new SettingsError(`There is no ${name ?? "other database"} beside ${serving}${known}.`);
  if (name === undefined && others.length > 1) throw new SettingsError(`Name one of them with --name${known}.`);
  return other;
}
