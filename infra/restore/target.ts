import type { BaseBackup } from "../archive/archive-reader.js";
import { SettingsError } from "./restore-error.js";

/** What was asked for. */
export type Wanted =
  | { readonly kind: "newest" }
  | { readonly kind: "time"; readonly to: Date }
  | { readonly kind: "backup"; readonly id: string };

/** What an archive has of a database. */
export interface Archived {
  /** `s3://bucket/folder/server` */
  readonly place: string;
  /** The oldest first. */
  readonly backups: readonly BaseBackup[];
  /** When the newest WAL was stored. */
  readonly newestWal: Date | undefined;
}

/** How a database is restored, as the settings say it, and for people. */
export interface Target {
  readonly to?: string;
  readonly backup?: string;
  /** The base backup that the restore begins with. */
  readonly base: BaseBackup;
}

/**
 * Chooses what to restore.
 * @param alive true if the database still runs, so that all that it wrote will be in the archive.
 * @throws {SettingsError} if the archive does not have it.
 */
export function targetOf(wanted: Wanted, { backups, newestWal, place }: Archived, now: Date, alive: boolean): Target {
  const [oldest] = backups;
  const newest = backups.at(-1);
  if (!oldest || !newest) throw new SettingsError(`${place} has no complete base backup.`);
  if (wanted.kind === "newest") return { base: newest };
  if (wanted.kind === "backup") {
    const base = backups.find(({ id }) => id === wanted.id);
    if (base) return { base, backup: base.id };
    throw new SettingsError(`${place} has no backup ${wanted.id}. It has: ${backups.map(({ id }) => id).join(", ")}`);
  }
  const { to } = wanted;
  if (to > now) throw new SettingsError(`${to.toISOString()} is in the future. It is ${now.toISOString()}.`);
  const base = backups.findLast(({ end }) => end <= to);
  if (!base) {
    const first = `The oldest backup is ${oldest.id}, complete at ${oldest.end.toISOString()}`;
    throw new SettingsError(`${to.toISOString()} is before all backups. ${first}: no earlier moment can be restored.`);
  }
  if (!alive && newestWal !== undefined && to > newestWal) {
    throw new SettingsError(
      `${to.toISOString()} is after the end of the archive, whose newest WAL is of ${newestWal.toISOString()}, and the database no longer runs. To restore all that there is: --newest`,
    );
  }
  return { base, to: to.toISOString() };
}
