/** How the identities of uploads and of standard input begin (upload.ts, pipe-source.ts). */
const TAKEN = /^(upload|stream|pipe) /;

/**
 * The identity of a named object in one version. A file that is called `upload x.csv` must not pass for an upload, whose
 * batch anyone with a token may add pieces to, and which fails when nothing is sent for a day.
 */
export function identityOf(name: string, ...version: readonly (string | number | bigint)[]): string {
  return [TAKEN.test(name) ? `./${name}` : name, ...version].join(" ");
}
