import type pg from "pg";
import { PortTable } from "../parse/port-table.js";

/** Every port of the database, for looking up codes. */
export async function readPorts(database: Pick<pg.Pool, "query">): Promise<PortTable> {
  const { rows } = await database.query<{ id: number; code: string }>(
    "SELECT id, code FROM places WHERE kind = 'port'",
  );
  return new PortTable(rows);
}
