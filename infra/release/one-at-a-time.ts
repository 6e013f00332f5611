import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type KubernetesApi, resources } from "../../app/operator/kubernetes/kubernetes-api.js";
import { LeaderElection } from "../../app/operator/kubernetes/leader-election.js";
import type { KubernetesObject } from "../../app/operator/kubernetes/objects.js";
import { say } from "../restore/say.js";
import { ReleaseError } from "./release-error.js";

const LOOK_MS = 500;

interface Lease extends KubernetesObject {
  readonly spec: { readonly holderIdentity?: string };
}

/**
 * Does the work while this process holds the Lease. The Lease of a process that ended without giving it up is over
 * after 12 s, and at once if it ran on this machine.
 * @param by who releases; others see it.
 * @param interrupt ends the work, and gives the Lease up.
 * @throws {ReleaseError} if another process releases, or if the Lease cannot be renewed.
 */
export async function oneAtATime<T>(
  api: KubernetesApi,
  name: string,
  by: string,
  interrupt: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const identity = `${by} [${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}]`;
  const over = new AbortController();
  const stop = AbortSignal.any([over.signal, interrupt]);
  let result: { readonly value: T } | undefined;
  let failure: unknown = new ReleaseError("The Lease of releases was lost: the cluster could not be reached in time.");
  const quiet = {
    info: () => {},
    warn: ({ error }: { error?: string }, text: string) => say(`${text}: ${error ?? ""}`),
  };
  const election = new LeaderElection(api, {
    name,
    identity,
    log: quiet as never,
    lead: async (signal) => {
      try {
        result = { value: await work(signal) };
      } catch (error) {
        failure = error;
      } finally {
        over.abort();
      }
    },
  });
  const watched = refuseIfHeld(api, name, identity, election, stop).catch((error: unknown) => {
    failure = error;
    over.abort();
  });
  await election.run(stop);
  over.abort();
  await watched;
  if (result) return result.value;
  throw failure;
}

/** Until this process leads: resolves then, or when told to stop. @throws {ReleaseError} if another process works. */
async function refuseIfHeld(
  api: KubernetesApi,
  name: string,
  identity: string,
  election: LeaderElection,
  stop: AbortSignal,
): Promise<void> {
  let seen: string | undefined;
  while (!election.leading && !stop.aborted) {
    const lease = await api.get<Lease>(resources.leases, name);
    const { holderIdentity: holder = "" } = lease.spec;
    if (holder !== "" && holder !== identity && !election.leading) {
      if (isGone(holder))
        await api.replace(resources.leases, { ...lease, spec: { ...lease.spec, holderIdentity: "" } });
      else if (seen === undefined) say(`${nameOf(holder)} has the Lease; is it still at work?`);
      else if (seen !== lease.metadata.resourceVersion)
        throw new ReleaseError(`${nameOf(holder)} is releasing. Follow it with --follow, or end it with --abort.`);
      seen = lease.metadata.resourceVersion;
    }
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
  }
}

/** Who holds the Lease; undefined if it is free, or if its holder ended on this machine. */
export async function holderOf(api: KubernetesApi, name: string): Promise<string | undefined> {
  const { spec } = await api.get<Lease & { spec: { renewTime?: string } }>(resources.leases, name);
  const { holderIdentity: holder = "", renewTime } = spec;
  const late = renewTime !== undefined && Date.now() - Date.parse(renewTime) > LATE_MS;
  return holder === "" || late || isGone(holder) ? undefined : nameOf(holder);
}

/** Twice the length of the Lease: clocks differ. */
const LATE_MS = 24_000;

const nameOf = (identity: string): string => identity.replace(/ \[[^\]]*\]$/, "");

/** True if the process ran on this machine and is no more. */
function isGone(identity: string): boolean {
  const [, host, pid] = /\[(.+):(\d+):[^:]*\]$/.exec(identity) ?? [];
  return host === hostname() && !isAlive(Number(pid));
}

/** True if there is such a process on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
