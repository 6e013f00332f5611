import type { Database } from "../../database/database.js";
import { PortTable } from "../parse/port-table.js";
import { PortsMissingError } from "./load-error.js";
import { listPortIds } from "./piece.sql.js";

/**
 * Reads all ports of the database, for looking up their codes. There may be a hundred thousand, so this may take
 * seconds.
 */
export async function readPorts(database: Database): Promise<PortTable> {
  return new PortTable(await database.transaction((session) => session.rows(listPortIds)));
}

/**
 * As {@link readPorts}, for work that is impossible without ports.
 * @throws {PortsMissingError} if the database has no ports.
 */
export async function requirePorts(database: Database): Promise<PortTable> {
  const ports = await readPorts(database);
  if (ports.size === 0) throw new PortsMissingError();
  return ports;
}
