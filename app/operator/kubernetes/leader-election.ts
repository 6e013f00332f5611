import type { Log } from "../../database/log.js";
import { sleep } from "../../sleep.js";
import { type KubernetesApi, resources } from "./kubernetes-api.js";
import { isStatus } from "./kubernetes-error.js";
import type { KubernetesObject } from "./objects.js";

/** If the Lease is not renewed for this long, another process may lead. */
const LEASE_SECONDS = 12;
/** A leader that could not renew the Lease for this long stops, well before another one may begin. */
const RENEW_WITHIN_MS = 8_000;
const EVERY_MS = 2_000;
/** A leader whose work ended by itself waits this long, so that another process takes over. */
const STAND_BACK_MS = 5_000;

interface Lease extends KubernetesObject {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaderElectionOptions {
  /** Name of the Lease. */
  readonly name: string;
  /** Name of this process, a new one for each start. */
  readonly identity: string;
  readonly log: Log;
  /**
   * Works as the leader until the signal is aborted. If its promise settles before, the Lease is given up, because a
   * leader that does nothing would keep all other processes from the work.
   */
  lead(signal: AbortSignal): Promise<void>;
}

/**
 * Lets one of several processes lead at a time, by a Lease, as Kubernetes' own controllers do. A process measures with
 * its own clock how long the Lease has not changed, so clocks that differ do no harm.
 */
export class LeaderElection {
  readonly #api: KubernetesApi;
  readonly #options: LeaderElectionOptions;
  #observed: { version: string; atMs: number } | undefined;
  /** The Lease as this process last wrote it. */
  #held: Lease | undefined;
  #leading = false;
  #lastError: string | undefined = "the API server was not asked yet";

  constructor(api: KubernetesApi, options: LeaderElectionOptions) {
    this.#api = api;
    this.#options = options;
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Why the Lease could not be read or written at the last attempt. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Runs until the signal is aborted. A leader then ends its work and gives up the Lease at once. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (await this.#acquire(stop)) await this.#lead(stop);
      else await pause(EVERY_MS * (0.75 + Math.random() / 2), stop);
    }
  }

  async #lead(stop: AbortSignal): Promise<void> {
    const { identity, lead, log } = this.#options;
    const work = new AbortController();
    const signal = AbortSignal.any([stop, work.signal]);
    this.#leading = true;
    log.info({ identity }, "this process leads");
    let lost = false;
    const done = lead(signal)
      .catch((error: unknown) => log.warn({ error: String(error) }, "leading ended with an error"))
      .finally(() => work.abort());
    let renewedAtMs = performance.now();
    while (!signal.aborted) {
      await pause(EVERY_MS, signal);
      if (signal.aborted) break;
      const askedAtMs = performance.now();
      if (await this.#acquire(AbortSignal.any([stop, AbortSignal.timeout(RENEW_WITHIN_MS)]))) renewedAtMs = askedAtMs;
      else if (performance.now() - renewedAtMs > RENEW_WITHIN_MS) {
        lost = true;
        work.abort();
      }
    }
    this.#leading = false;
    await done;
    if (lost) return log.warn({ identity }, "the lease could not be renewed; this process no longer leads");
    await this.#release();
    if (!stop.aborted) await pause(STAND_BACK_MS, stop);
  }

  /** Takes or renews the Lease. @returns whether this process holds it; also false if the API server is away. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { identity, log, name } = this.#options;
    const now = `${new Date().toISOString().slice(0, -1)}000Z`;
    const held = { holderIdentity: identity, leaseDurationSeconds: LEASE_SECONDS, renewTime: now };
    try {
      const lease = this.#held ?? (await this.#read(signal));
      this.#lastError = undefined;
      if (lease === undefined) {
        const spec = { ...held, acquireTime: now, leaseTransitions: 0 };
        await this.#api.create(resources.leases, { metadata: { name }, spec });
        return true;
      }
      const { holderIdentity, leaseTransitions = 0 } = lease.spec;
      const mine = holderIdentity === identity;
      if (!mine && holderIdentity && !this.#isOver(lease)) return false;
      const taken = { ...held, acquireTime: now, leaseTransitions: leaseTransitions + 1 };
      // It contains the resource version, so if two processes see the same free Lease, only one gets it.
      const spec = { ...lease.spec, ...(mine ? held : taken) };
      // Kept, so that the next renewal needs one request only.
      this.#held = await this.#api.replace(resources.leases, { ...lease, spec }, signal);
      return true;
    } catch (error) {
      this.#held = undefined;
      if (isStatus(error, 409) || signal.aborted) return false;
      this.#lastError = String(error);
      log.warn({ error: this.#lastError }, "the lease cannot be had");
      return false;
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#api.get<Lease>(resources.leases, this.#options.name, signal);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  #isOver({ metadata, spec }: Lease): boolean {
    const version = metadata.resourceVersion ?? "";
    if (this.#observed?.version !== version) this.#observed = { version, atMs: performance.now() };
    return performance.now() - this.#observed.atMs > (spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
  }

  async #release(): Promise<void> {
    const { identity, log, name } = this.#options;
    this.#held = undefined;
    try {
      const lease = await this.#api.get<Lease>(resources.leases, name);
      if (lease.spec.holderIdentity !== identity) return;
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 };
      await this.#api.replace(resources.leases, { ...lease, spec });
    } catch (error) {
      log.warn({ error: String(error) }, "the lease could not be given up; it ends by itself");
    }
  }
}

/** Waits, but not after the signal is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, signal).catch(() => {});
