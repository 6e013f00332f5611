/** The identity of a version of an object, see {@link SourceObject.identity}. */
export function identityOf(name: string, ...version: readonly (string | number | bigint)[]): string {
  return [name, ...version].join(" ");
}
