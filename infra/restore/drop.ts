import { kept } from "./make.js";
import { say } from "./say.js";
import { type AskingOptions, otherOf, sceneOf } from "./scene.js";
import { up } from "./up.js";

/** Deletes a database that pods do not use. */
export async function drop(options: AskingOptions & { readonly name?: string }): Promise<void> {
  const scene = await sceneOf(options);
  const { serving, stack } = scene;
  const name = otherOf(scene, options.name);
  const archive = (await stack.archives())[name];
  await options.confirm(`Delete the database ${name}? Pods use ${serving}.`);
  await stack.unprotect(name);
  await stack.set({ ...kept(scene), [`clusters.${name}`]: undefined });
  await up(scene, serving);
  say(`${name} is gone.${archive ? ` Its archive stays, until you delete it: ${archive}` : ""}`);
}
