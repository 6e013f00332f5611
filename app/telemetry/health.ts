/** Gives the reason why the process should get no new requests; undefined if it should get them. */
export type Check = () => string | undefined;

/** Decides what `/readyz` answers: ready, if no check gives a reason. */
export class Health {
  readonly #checks = new Map<string, Check>();

  /** Adds a check that runs at each request of `/readyz`. It replaces an earlier check of the same name. */
  add(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** All reasons not to be ready, by the name of their check. */
  reasons(): Record<string, string> {
    const reasons: Record<string, string> = {};
    for (const [name, check] of this.#checks) {
      const reason = check();
      if (reason !== undefined) reasons[name] = reason;
    }
    return reasons;
  }
}
