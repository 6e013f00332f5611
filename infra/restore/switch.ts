import { factsOf } from "./check.js";
import { REFUSE_WRITES, TAKE_WRITES } from "./restore.sql.js";
import { RestoreError } from "./restore-error.js";
import { next, say } from "./say.js";
import { type AskingOptions, otherOf, sceneOf } from "./scene.js";
import { up } from "./up.js";

/** Lets pods use another database. Reads go on: pods are replaced one by one. */
export async function switchDatabase(options: AskingOptions & { readonly name?: string }): Promise<void> {
  const scene = await sceneOf(options);
  const { databases, serving, stack } = scene;
  const name = otherOf(scene, options.name);
  const facts = await factsOf(scene, name);
  if (!facts) throw new RestoreError(`${name} has no primary that is ready.`);
  say(`${name} has dataset version ${facts.version}. ${serving} takes no more writes, and stays as it is.`);
  await options.confirm(`Let the pods of ${options.stack} use ${name} instead of ${serving}?`);

  await databases.psql(name, TAKE_WRITES);
  const reachable = (await databases.primary(serving).catch(() => undefined)) !== undefined;
  if (reachable) await databases.psql(serving, REFUSE_WRITES);
  await stack.set({ serving: name });
  await up(scene, name);
  say(`Pods use ${name}.`);
  say(`To go back: ${next("back", options.stack)}`);
  say(`When ${serving} is not needed any more: ${next("drop", options.stack)}`);
}
