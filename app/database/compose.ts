import Knex from "knex";

/**
 * Puts together what is known only at run time, as a list with filters and a cursor; it runs nothing. What never changes
 * is a statement (`statement.ts`).
 */
export const compose = Knex({ client: "pg" });
