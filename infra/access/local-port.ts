import { createHash } from "node:crypto";
import { suffixOf } from "../names.js";

const FIRST = 20_000;
const COUNT = 10_000;

/**
 * The local port of a stack's port-forward. It is always the same for a stack, because it is an input of the database
 * provider: a new port each time would be a change each time. It is below the ports that operating systems assign by
 * themselves.
 */
export const localPortOf = (stack: string): number =>
  FIRST + (createHash("sha256").update(`ratesapp/${stack}`).digest().readUInt32BE() % COUNT);

/**
 * Each database of a stack has a local port of its own.
 * @param databases names of all databases of the stack.
 * @param localPort the first of them, if the settings name one.
 */
export function localPortFor(
  stack: string,
  database: string,
  databases: readonly string[],
  localPort: number | undefined,
): number {
  if (localPort === undefined) return localPortOf(`${stack}${suffixOf(database)}`);
  return localPort + [...databases].sort().indexOf(database);
}
