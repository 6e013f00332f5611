import { type NoParams, statement } from "../database/statement.js";

/** The age by the database's clock: that of this process may be another. */
export const readDatasetVersion = statement<NoParams, { version: string; changed_at_ms: string; age_ms: string }>(`
  SELECT version,
         (extract(epoch FROM changed_at) * 1000)::bigint AS changed_at_ms,
         (extract(epoch FROM clock_timestamp() - changed_at) * 1000)::bigint AS age_ms
  FROM dataset`);
