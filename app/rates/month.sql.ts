import { statement } from "../database/statement.js";

/** Key of a month for advisory locks. */
export const monthKey = (month: string) => `hashtext('ratesapp.month'), to_char(${month}, 'YYYYMM')::integer`;

/**
 * Prevents retention from dropping the month until the transaction ends. `kept` is false if the drop has already begun.
 */
export const keepMonth = statement<{ month: string }, { kept: boolean }>(
  `SELECT pg_try_advisory_xact_lock_shared(${monthKey("$month::date")}) AS kept`,
);
