import { statement } from "../database/statement.js";

/** Names a month for advisory locks. */
export const monthKey = (month: string) => `hashtext('ratesapp.month'), to_char(${month}, 'YYYYMM')::integer`;

/** The month stays until the transaction ends; false if it is on its way out. */
export const keepMonth = statement<{ month: string }, { kept: boolean }>(
  `SELECT pg_try_advisory_xact_lock_shared(${monthKey("$month::date")}) AS kept`,
);
