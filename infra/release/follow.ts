import { say } from "../restore/say.js";
import { holderOf, oneAtATime } from "./one-at-a-time.js";
import type { Release } from "./record.js";
import { finish, watching } from "./release.js";
import { type Scene, whoami } from "./scene.js";

/** A process that was just started may not have the Lease yet. */
const UNHELD_LOOKS = 5;

/**
 * Shows the release that is under way until it ends, and changes nothing. Without one, shows how the last one ended.
 * @returns the release; undefined if there was never one.
 */
export async function follow(scene: Scene, signal: AbortSignal): Promise<Release | undefined> {
  const last = (await scene.record.all()).at(-1);
  if (!last || last.end) return last;
  say(`${last.image} in place of ${last.before}, by ${last.by} since ${last.at}`);
  let unheld = 0;
  return await watching(scene, signal, async () => {
    const now = (await scene.record.all()).find(({ id }) => id === last.id) ?? last;
    if (now.end) return now;
    unheld = (await holderOf(scene.api, scene.lease)) === undefined ? unheld + 1 : 0;
    return unheld >= UNHELD_LOOKS ? now : undefined;
  });
}

/** Ends the release that is under way. Its own process does that; if it is gone, this one does. */
export async function abortRelease(scene: Scene, signal: AbortSignal): Promise<Release | undefined> {
  const current = await scene.record.current();
  if (!current) return undefined;
  const by = await whoami(scene);
  const asked = await scene.record.update(current.id, { abortedBy: by });
  if ((await holderOf(scene.api, scene.lease)) !== undefined) return await follow(scene, signal);
  return await oneAtATime(scene.api, scene.lease, by, signal, () => finish(scene, asked, signal));
}
