/** Thrown when the local Postgres cannot run here. `remedy` says what the user can do about it. */
export class EmbeddedPostgresError extends Error {
  readonly remedy: string;

  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super(`${problem}\n${remedy}`, options);
    this.name = "EmbeddedPostgresError";
    this.remedy = remedy;
  }
}
