/** Why the process should get no new requests, or undefined. */
export type Check = () => string | undefined;

/** What `/readyz` answers: ready if no check gives a reason against it. */
export class Health {
  readonly #checks = new Map<string, Check>();

  /** Adds a check, which `/readyz` runs at each request; another check of that name is replaced. */
  add(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** Reasons by the name of their check. */
  reasons(): Record<string, string> {
    const reasons: Record<string, string> = {};
    for (const [name, check] of this.#checks) {
      const reason = check();
      if (reason !== undefined) reasons[name] = reason;
    }
    return reasons;
  }
}
