/** A value that cannot be (22), a constraint that it breaks (23), a limit of the server's that it passes (54). */
const LASTING_STATES = /^(22|23|54)/;

/** True for an error that the same work on the same data meets each time: trying again only keeps it from being told. */
export function isLasting(error: unknown): boolean {
  return error instanceof RangeError || LASTING_STATES.test(String((error as { code?: unknown }).code));
}
