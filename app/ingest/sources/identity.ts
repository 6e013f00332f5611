/** The identity of a named object in one version. */
export function identityOf(name: string, ...version: readonly (string | number | bigint)[]): string {
  return [name, ...version].join(" ");
}
