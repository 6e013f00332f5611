import { statement } from "../database/statement.js";

/** Names a month for advisory locks. */
export const monthKey = (month: string) => `hashtext('ratesapp.month'), to_char(${month}, 'YYYYMM')::integer`;

/** Keeps the month from being dropped until the transaction ends; false if its drop has begun. */
export const keepMonth = statement<{ month: string }, { kept: boolean }>(
  `SELECT pg_try_advisory_xact_lock_shared(${monthKey("$month::date")}) AS kept`,
);
