import { createHash } from "node:crypto";

const FIRST = 20_000;
const COUNT = 10_000;

/**
 * The local port of a stack's port-forward. It is always the same for a stack, because it is an input of the database
 * provider: a new port each time would be a change each time. It is below the ports that operating systems assign by
 * themselves.
 */
export const localPortOf = (stack: string): number =>
  FIRST + (createHash("sha256").update(`ratesapp/${stack}`).digest().readUInt32BE() % COUNT);
