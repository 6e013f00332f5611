import { setTimeout as sleep } from "node:timers/promises";
import { partsOf, placeOf, readArchive } from "./archives.js";
import { check } from "./check.js";
import { archived, COMMIT, planned, SWITCH_WAL } from "./restore.sql.js";
import { RestoreError, SettingsError } from "./restore-error.js";
import { next, say } from "./say.js";
import { type AskingOptions, type Scene, sceneOf } from "./scene.js";
import { type Target, targetOf, type Wanted } from "./target.js";
import { up } from "./up.js";

export interface MakeOptions extends AskingOptions {
  /** A batch is looked up in the database that runs. */
  readonly wanted: Wanted | { readonly kind: "batch"; readonly id: number };
  /** Database in the archive: a folder, or `s3://bucket/folder/server`. If undefined, the one that pods use. */
  readonly from?: string;
  /** Name of the new database. */
  readonly name?: string;
}

/** Restores a database: beside the one that pods use, or, if that is gone, in its place. */
export async function make(options: MakeOptions): Promise<void> {
  const scene = await sceneOf(options);
  const { databases, serving, settings, stack } = scene;
  const there = (await databases.state(serving)) !== undefined;
  const alive = there && (await databases.primary(serving)) !== undefined;
  const { wanted } = options;
  const moment = wanted.kind === "batch" ? await beforeBatch(scene, wanted.id, alive) : wanted;
  const archive = await readArchive(scene, await placeOf(scene, options.from));
  const running = alive && archive.place === (await stack.archives())[serving];
  const target = targetOf(moment, archive, new Date(), running);
  const name = options.name ?? `restored-${stamp(new Date())}`;
  if (name in settings.database.clusters) throw new SettingsError(`There is a database ${name} already.`);

  say(`from  ${archive.place}, backup ${target.base.id}`);
  say(`to    ${target.to ?? `the end of ${target.backup ? "that backup" : "the archive"}`}`);
  say(`into  ${name}, ${there ? `beside ${serving}` : `in place of ${serving}, which is gone`}`);
  await options.confirm(`Restore the database of ${options.stack}?`);

  if (running) await storeWal(scene);
  if (there) await stack.set({ ...kept(scene), ...beginning(scene, name, archive.place, target) });
  else await replaceLost(scene, name, beginning(scene, name, archive.place, target));
  await up(scene, name);
  await check(options);
  say(
    there ? `Pods still use ${serving}. Let them use ${name}: ${next("switch", options.stack)}` : `Pods use ${name}.`,
  );
}

/** The settings of a new database. */
function beginning({ settings }: Scene, name: string, place: string, { backup, to }: Target) {
  const { destination, server } = partsOf(place);
  const own = settings.database.backups?.destination?.replace(/\/*$/, "/");
  return {
    [`clusters.${name}.server`]: server,
    ...(own !== undefined && own !== destination && { [`clusters.${name}.destination`]: destination }),
    ...(to !== undefined && { [`clusters.${name}.to`]: to }),
    ...(backup !== undefined && { [`clusters.${name}.backup`]: backup }),
  };
}

/** Writes down what may be there by default only: with another database beside it, it would no longer be there. */
export function kept({ settings }: Scene): Record<string, string> {
  const clusters = Object.entries(settings.database.clusters);
  return Object.fromEntries(
    clusters.flatMap(([name, how]) => (typeof how === "string" ? [[`clusters.${name}`, how]] : [])),
  );
}

/** The settings have the new database alone, and Pulumi knows what else is gone. */
async function replaceLost({ others, serving, stack }: Scene, name: string, values: Record<string, string>) {
  say("Pulumi looks what is gone from Kubernetes");
  await stack.refresh();
  const lost = [serving, ...others];
  for (const one of lost) await stack.unprotect(one);
  await stack.set({
    ...values,
    serving: name,
    ...Object.fromEntries(lost.map((one) => [`clusters.${one}`, undefined])),
  });
}

/** The moment before a batch was begun. Its rows came later, so that no worker can go on with it after the restore. */
async function beforeBatch({ databases, serving }: Scene, id: number, alive: boolean): Promise<Wanted> {
  if (!alive) throw new SettingsError(`${serving} does not run, and it alone knows when batch ${id} was. Say it: --to`);
  const created = await databases.psql(serving, planned(id));
  if (created === "") throw new SettingsError(`There is no batch ${id}.`);
  return { kind: "time", to: new Date(JSON.parse(created) as string) };
}

const ARCHIVE_MS = 15 * 60_000;
const POLL_MS = 1000;

/** Makes sure that the archive has everything up to now. */
async function storeWal({ databases, serving }: Scene): Promise<void> {
  await databases.psql(serving, COMMIT);
  const wal = await databases.psql(serving, SWITCH_WAL);
  say(`${serving} stores its WAL up to now, ${wal}`);
  const limit = Date.now() + ARCHIVE_MS;
  while ((await databases.psql(serving, archived(wal))) !== "t") {
    if (Date.now() > limit)
      throw new RestoreError(`${wal} is not in the archive after ${ARCHIVE_MS / 60_000} minutes.`);
    await sleep(POLL_MS);
  }
}

/** `20261127-101500` */
const stamp = (time: Date): string => time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
