import { createHash } from "node:crypto";

const FIRST = 20_000;
const COUNT = 10_000;

/**
 * The port that a stack's port-forward has on this machine, always the same: it is an input of the database's provider,
 * and another one each time would be a change each time. Below the ports that systems hand out by themselves.
 */
export const localPortOf = (stack: string): number =>
  FIRST + (createHash("sha256").update(`ratesapp/${stack}`).digest().readUInt32BE() % COUNT);
