/** Thrown if the local Postgres cannot run here. `remedy` tells the user what to do. */
export class EmbeddedPostgresError extends Error {
  readonly remedy: string;

  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super(`${problem}\n${remedy}`, options);
    this.name = "EmbeddedPostgresError";
    this.remedy = remedy;
  }
}
