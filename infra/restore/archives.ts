import { ofStack } from "../archive/server-names.js";
import { namesOf } from "../names.js";
import { SettingsError } from "./restore-error.js";
import { say } from "./say.js";
import { type Scene, type StepOptions, sceneOf } from "./scene.js";
import type { Archived } from "./target.js";

/** Prints the databases and base backups that the archive has. */
export async function listArchives(options: StepOptions): Promise<void> {
  const scene = await sceneOf(options);
  for (const place of await placesOf(scene)) {
    const { backups, newestWal } = await readArchive(scene, place);
    say(`${place}, newest WAL ${newestWal?.toISOString() ?? "none"}`);
    for (const { bytes, end, id } of backups) {
      say(`  ${id}  complete ${end.toISOString()}${bytes ? `  ${(bytes / 1e9).toFixed(2)} GB` : ""}`);
    }
  }
}

export async function readArchive({ reader }: Scene, place: string): Promise<Archived> {
  const { destination, server } = partsOf(place);
  const archive = reader(destination);
  const [backups, newestWal] = await Promise.all([archive.backups(server), archive.newestWal(server)]);
  return { place, backups, newestWal };
}

/** The database in the archive: a given one, the one that pods use, or the one of this stack with the newest WAL. */
export async function placeOf(scene: Scene, from: string | undefined): Promise<string> {
  if (from?.startsWith("s3://")) return from;
  if (from !== undefined) return destinationOf(scene) + from;
  const known = (await scene.stack.archives())[scene.serving];
  if (known !== undefined) return known;
  const archives = await Promise.all((await placesOf(scene)).map((place) => readArchive(scene, place)));
  const age = ({ newestWal }: Archived) => newestWal?.getTime() ?? 0;
  const [newest] = archives.sort((a, b) => age(b) - age(a));
  if (!newest) throw new SettingsError(`${destinationOf(scene)} has no database of the stack ${scene.stack.name}.`);
  return newest.place;
}

/** All databases of the stack in its archive. */
async function placesOf(scene: Scene): Promise<string[]> {
  const known = Object.values(await scene.stack.archives()).map((place) => partsOf(place).destination);
  const found = await Promise.all(
    [...new Set(known.length > 0 ? known : [destinationOf(scene)])].map(async (destination) => {
      const { workloads } = namesOf(scene.stack.name);
      const servers = await scene.reader(destination).servers(workloads);
      return servers.filter((server) => ofStack(workloads).test(server)).map((server) => destination + server);
    }),
  );
  return found.flat();
}

/** The archive of the settings. On EKS the program makes it, and only its state knows the name. */
function destinationOf({ settings }: Scene): string {
  const { destination } = settings.database.backups ?? {};
  if (destination) return destination.replace(/\/*$/, "/");
  throw new SettingsError("Only the state that is lost knew the bucket. Name it: --from s3://bucket/server");
}

/** `s3://bucket/folder/server` → `s3://bucket/folder/` and `server` */
export function partsOf(place: string): { destination: string; server: string } {
  const end = place.lastIndexOf("/") + 1;
  return { destination: place.slice(0, end), server: place.slice(end) };
}
