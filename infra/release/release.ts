import { setTimeout as sleep } from "node:timers/promises";
import { SettingsError } from "../restore/restore-error.js";
import { say } from "../restore/say.js";
import { linesOf } from "./lines.js";
import { type Look, look } from "./look.js";
import { kinds } from "./objects.js";
import { oneAtATime } from "./one-at-a-time.js";
import { pulumiUp } from "./pulumi-up.js";
import type { Release } from "./record.js";
import { ReleaseError } from "./release-error.js";
import { running, type Scene, whoami } from "./scene.js";

const LOOK_MS = 1000;

/** What is asked for: an image, or the one before. */
export type Wanted = { readonly kind: "release"; readonly image: string } | { readonly kind: "rollback" };

/**
 * Releases an image, or goes on with a release whose process was lost: servers, then what ingests. A version that is
 * bad, or that a user aborts, is taken back.
 * @returns how it ended.
 * @throws {ReleaseError} if it could not be ended. The same command then goes on.
 */
export async function release(scene: Scene, wanted: Wanted, interrupt: AbortSignal): Promise<Release> {
  const by = await whoami(scene);
  return await oneAtATime(scene.api, scene.lease, by, interrupt, async (signal) => {
    const begun = await begin(scene, wanted, by);
    return await finish(scene, begun, signal);
  });
}

/** Ends the release that is under way: by its own process, or if that is gone, by this one. */
export async function finish(scene: Scene, begun: Release, signal: AbortSignal): Promise<Release> {
  let now = begun;
  const update = async (change: Partial<Release>) => {
    now = await scene.record.update(now.id, change);
  };
  if (now.step === "servers") {
    const reason = await servers(scene, now, signal);
    await update(reason === undefined ? { step: "ingest" } : { step: "back", reason });
  }
  if (now.step === "ingest") {
    say(`what ingests gets ${now.image}`);
    await pulumiUp(scene.stack.name, scene.cwd, { servers: now.image, ingest: now.image });
    await update({ end: { at: new Date().toISOString(), outcome: "released" } });
    say(`released: ${now.image}`);
  } else {
    say(`${now.image} is taken back: ${now.reason}`);
    await back(scene, now, signal);
    const outcome = now.abortedBy === undefined ? "taken back" : "aborted";
    await update({ end: { at: new Date().toISOString(), outcome } });
    say(`${outcome}: ${now.before} runs, as before`);
  }
  return now;
}

async function begin(scene: Scene, wanted: Wanted, by: string): Promise<Release> {
  const { record } = scene;
  const current = await record.current();
  if (current) {
    if (wanted.kind === "release" && wanted.image !== current.image)
      throw new ReleaseError(
        `A release of ${current.image} by ${current.by} has not ended. Go on with it by --image ${current.image}, or end it with --abort.`,
      );
    say(`going on with ${current.image}, which ${current.by} began at ${current.at}`);
    return current;
  }
  const before = (await running(scene)).ingest;
  const image = wanted.kind === "release" ? wanted.image : await imageBefore(scene, before);
  const at = new Date().toISOString();
  const begun: Release = { id: at, kind: wanted.kind, image, before, by, at, step: "servers" };
  await record.add(begun);
  say(`${image} is released in place of ${before}`);
  return begun;
}

/** The image that ran before the given one. */
async function imageBefore({ record }: Scene, image: string): Promise<string> {
  const good = (await record.all()).filter(({ end }) => end?.outcome === "released");
  const last = good.findLast((one) => one.image === image);
  const before = last?.before ?? good.findLast((one) => one.image !== image)?.image;
  if (before === undefined) throw new SettingsError("No release before this one is known: name one with --image.");
  return before;
}

/** @returns why the version is to be taken back; undefined if it serves. */
async function servers(scene: Scene, { abortedBy, before, id, image, kind }: Release, signal: AbortSignal) {
  if (abortedBy !== undefined) return `aborted by ${abortedBy}`;
  const { api, names } = scene;
  let applied = false;
  let failure: string | undefined;
  const up = pulumiUp(scene.stack.name, scene.cwd, { servers: image, ingest: before }).then(
    () => {
      applied = true;
    },
    (error: Error) => {
      failure = error.message;
    },
  );
  let skipped = false;
  const reason = await watching(scene, signal, async (it) => {
    const { abortedBy: by } = (await scene.record.all()).find((one) => one.id === id) ?? {};
    if (by !== undefined) return `aborted by ${by}`;
    if (failure !== undefined) return failure;
    if (it.wanted !== image || !it.seen) return undefined;
    if (it.aborted || it.phase === "Degraded") return it.message || "Argo Rollouts has stopped it";
    if (it.trouble) return it.trouble;
    if (kind === "rollback" && it.next && !skipped) {
      // What ran before needs no steps and no checks.
      await api.patch(kinds.rollouts, `${names.release}-api`, "merge", { status: { promoteFull: true } }, "status");
      skipped = true;
    }
    return applied && it.phase === "Healthy" && it.stable?.image === image ? DONE : undefined;
  });
  if (reason !== DONE) await abort(scene);
  await up;
  return reason === DONE ? undefined : reason;
}

const DONE = "";

/** Requests go to the version before at once; the program follows. */
async function abort({ api, names }: Scene): Promise<void> {
  const it = await look(api, names.release);
  if (!it.next || it.aborted) return;
  await api.patch(kinds.rollouts, `${names.release}-api`, "merge", { status: { abort: true } }, "status");
}

async function back(scene: Scene, { before }: Release, signal: AbortSignal): Promise<void> {
  await abort(scene);
  await pulumiUp(scene.stack.name, scene.cwd, { servers: before, ingest: before });
  await watching(scene, signal, (it) =>
    it.wanted === before && it.seen && it.phase === "Healthy" && it.stable?.image === before ? DONE : undefined,
  );
}

/** Prints what changes, until `decide` has an answer. A cluster that does not answer is asked again. */
export async function watching<T>(
  { api, names }: Scene,
  signal: AbortSignal,
  decide: (it: Look) => Promise<T | undefined> | T | undefined,
): Promise<T> {
  let printed: Record<string, string> = {};
  for (;;) {
    if (signal.aborted)
      throw new ReleaseError("Interrupted. What has begun goes on; the same command follows it to its end.");
    try {
      const it = await look(api, names.release);
      const lines = linesOf(it);
      for (const [name, line] of Object.entries(lines)) if (printed[name] !== line) say(line);
      printed = lines;
      const answer = await decide(it);
      if (answer !== undefined) return answer;
    } catch (error) {
      const line = `the cluster does not answer: ${(error as Error).message}`;
      if (printed.error !== line) say(line);
      printed = { error: line };
    }
    await sleep(LOOK_MS);
  }
}
