import { type Facts, faults, tableOf } from "./facts.js";
import { FACTS } from "./restore.sql.js";
import { RestoreError } from "./restore-error.js";
import { say } from "./say.js";
import { type Scene, type StepOptions, sceneOf } from "./scene.js";

/**
 * Prints what each database has, side by side.
 * @throws {RestoreError} if a restored one cannot be right. That of the pods may be wrong: it is why one was restored.
 */
export async function check(options: StepOptions): Promise<void> {
  const scene = await sceneOf(options);
  const { others, serving } = scene;
  const found: Record<string, Facts | undefined> = {};
  for (const name of [serving, ...others]) found[name] = await factsOf(scene, name);
  say(tableOf(found));
  const judged = others.length > 0 ? others : [serving];
  const wrong = judged.flatMap((name) => {
    const facts = found[name];
    return facts ? faults(facts).map((fault) => `${name}: ${fault}`) : [`${name}: it cannot be asked`];
  });
  if (wrong.length > 0) throw new RestoreError(wrong.join("\n"));
}

/** Undefined if the database cannot be asked. */
export async function factsOf({ databases }: Scene, name: string): Promise<Facts | undefined> {
  if ((await databases.primary(name).catch(() => undefined)) === undefined) return undefined;
  return JSON.parse(await databases.psql(name, FACTS)) as Facts;
}
