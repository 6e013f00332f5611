import type { Database } from "../../database/database.js";
import { PortTable } from "../parse/port-table.js";
import { PortsMissingError } from "./load-error.js";
import { listPortIds } from "./piece.sql.js";

/** Every port of the database, for looking up codes. There may be a hundred thousand, which take their time. */
export async function readPorts(database: Database): Promise<PortTable> {
  return new PortTable(await database.transaction((session) => session.rows(listPortIds)));
}

/**
 * {@link readPorts} for what cannot go on without any.
 * @throws {PortsMissingError} while the database knows none.
 */
export async function requirePorts(database: Database): Promise<PortTable> {
  const ports = await readPorts(database);
  if (ports.size === 0) throw new PortsMissingError();
  return ports;
}
