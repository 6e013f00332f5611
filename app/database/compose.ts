import Knex from "knex";

/**
 * Builds SQL that is known only at run time, such as a list with filters and a cursor. It does not run it. Fixed SQL is
 * a `statement` (statement.ts).
 */
export const compose = Knex({ client: "pg" });
