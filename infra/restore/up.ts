import { setTimeout as sleep } from "node:timers/promises";
import { RestoreError } from "./restore-error.js";
import { say } from "./say.js";
import type { Scene } from "./scene.js";

const POLL_MS = 2000;

/**
 * Runs `pulumi up`, and tells how far a database is.
 * @throws {RestoreError} as soon as its restore has failed, with what the restore wrote.
 */
export async function up({ databases, stack }: Scene, name: string): Promise<void> {
  const begin = Date.now();
  const { child, done } = stack.up();
  let ended = false;
  const end = done
    .catch(() => {})
    .finally(() => {
      ended = true;
    });
  let failure: string | undefined;
  for (let last = ""; !ended; await Promise.race([end, sleep(POLL_MS)])) {
    const state = await databases.state(name).catch(() => undefined);
    const now = state ? `${state.phase}, ${state.readyInstances} of ${state.instances} ready` : "not there yet";
    if (now !== last) say(`${name}: ${now}`);
    last = now;
    if (state && state.readyInstances > 0 && state.readyInstances < state.instances) {
      // A new replica waits for a checkpoint of the primary, which takes its time on purpose: up to 13 minutes.
      await databases.psql(name, "CHECKPOINT").catch(() => undefined);
    }
    failure ??= await databases.failedRestore(name).catch(() => undefined);
    if (failure !== undefined) child.kill("SIGINT");
  }
  if (failure !== undefined) {
    await end;
    throw new RestoreError(`${name} could not be restored:\n${failure}\nDelete what there is of it with \`drop\`.`);
  }
  await done;
  say(`pulumi up took ${Math.round((Date.now() - begin) / 1000)} s`);
}
