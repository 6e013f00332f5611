import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";

const FORM = "must look like postgres://user:password@host:5432/database";
/**
 * The TLS modes of libpq that `pg` knows, and its own `no-verify`. `pg` treats every other word as "with TLS", without
 * an error.
 */
const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"];
const ESCAPE = "in a user name or password, % must be written %25, # %23, / %2F, ? %3F, : %3A and @ %40";

/**
 * Says what is wrong with the address of a database; undefined if nothing is. The text repeats no part of the address,
 * which may contain a password.
 *
 * This check is stricter than the parser of `pg`. If a password contains an unescaped character, that parser takes the
 * rest of the password for a host, and the process would try to reach that host for ever.
 */
export function mistakeInDatabaseUrl(url: string): string | undefined {
  const [, authority, path = "", query] =
    /^postgres(?:ql)?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s.exec(url) ?? [];
  if (authority === undefined) return FORM;
  const parameters = new URLSearchParams(query);
  const hosts = [
    authority.slice(authority.lastIndexOf("@") + 1),
    ...["host", "hostaddr"].flatMap((name) => parameters.getAll(name)),
  ];
  if (hosts.some((host) => host.includes(","))) {
    return (
      "names several hosts, which are not tried one after the other here; give the one address that leads to the " +
      "primary (a Service, or HAProxy or PgBouncer before Patroni), and that of the replicas in DATABASE_READ_URL"
    );
  }
  const names = query === undefined || query === "" ? [] : query.split("&").map((pair) => /^(\w+)=/.exec(pair)?.[1]);
  if (url.includes("#") || /^\/.*[/@]/.test(path) || names.includes(undefined)) return `${FORM}; ${ESCAPE}`;
  if (!parameters.getAll("sslmode").every((mode) => SSL_MODES.includes(mode))) {
    return `must have an sslmode of ${SSL_MODES.join(", ")}`;
  }
  try {
    const { port } = new pg.Client({ connectionString: url });
    if (!(port >= 1 && port <= 65_535)) return "must have a port from 1 to 65535";
  } catch (error) {
    const isFile = (error as NodeJS.ErrnoException).syscall !== undefined;
    return isFile ? "names a file that cannot be read (sslrootcert, sslcert or sslkey)" : `${FORM}; ${ESCAPE}`;
  }
  const authorities = parameters.get("sslrootcert");
  return authorities !== null && !isCertificate(authorities)
    ? "names a file without a certificate (sslrootcert)"
    : undefined;
}

/** With a file that holds none, every server would be refused, for ever. */
function isCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== undefined;
  } catch {
    return false;
  }
}
