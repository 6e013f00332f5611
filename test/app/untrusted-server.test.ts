import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import pg from "pg";
import { findServerUser } from "../../app/database/embedded/server-user.js";
import { migrate } from "../../app/database/migrate.js";
import { openPool } from "../../app/database/pool.js";
import { meaningOf } from "../../app/database/sqlstates.js";
import { UntrustedServerError } from "../../app/database/untrusted-server.js";
import { mistakeInDatabaseUrl } from "../../app/database-url.js";
import { registry } from "../../app/telemetry/registry.js";
import { type Authority, newAuthority } from "../../infra/database/authority.js";
import { type ServerCertificate, signed } from "../kit/certificates.js";
import { useDatabase } from "../kit/database.js";
import { onServer } from "../kit/postgres.js";
import { until } from "../kit/until.js";

describe("a database whose certificate is verified", () => {
  const test = useDatabase();
  let folder: string;
  let authority: Authority;
  let authorities: string;
  /** Of the server, which reads no key that belongs to another one. */
  let user: Awaited<ReturnType<typeof findServerUser>>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ratesapp-tls-"));
    authorities = join(folder, "ca.crt");
    user = await findServerUser(folder);
    authority = await newAuthority("servers 1");
  });

  after(async () => {
    await onServer("ALTER SYSTEM RESET ssl", "ALTER SYSTEM RESET ssl_cert_file", "ALTER SYSTEM RESET ssl_key_file");
    await onServer("SELECT pg_reload_conf()");
    await rm(folder, { recursive: true });
  });

  beforeEach(() => writeFile(authorities, authority.certificate));

  const address = (host: string) => {
    const url = new URL(test.url);
    url.host = `${host}:${url.port}`;
    return `${url.href}?sslmode=verify-full&sslrootcert=${authorities}`;
  };

  let served = 0;
  /** Makes the server of all tests present a certificate. Connections without TLS go on. */
  async function serve({ certificate, key }: ServerCertificate): Promise<void> {
    served += 1;
    const [certificateFile, keyFile] = [join(folder, `server-${served}.crt`), join(folder, `server-${served}.key`)];
    await writeFile(certificateFile, certificate);
    await writeFile(keyFile, key, { mode: 0o600 });
    if (user) for (const path of [folder, certificateFile, keyFile]) await chown(path, user.uid, user.gid);
    await onServer(
      "ALTER SYSTEM SET ssl = on",
      `ALTER SYSTEM SET ssl_cert_file = '${certificateFile}'`,
      `ALTER SYSTEM SET ssl_key_file = '${keyFile}'`,
      "SELECT pg_reload_conf()",
    );
    await until("the server presents it", async () => (await presented()).includes(certificate.split("\n")[1] ?? ""));
  }

  async function presented(): Promise<string> {
    const client = new pg.Client({ connectionString: `${test.url}?sslmode=no-verify` });
    await client.connect();
    const { stream } = (client as unknown as { readonly connection: { readonly stream: TLSSocket } }).connection;
    const text = stream.getPeerX509Certificate()?.toString() ?? "";
    await client.end();
    return text;
  }

  async function ask(url: string): Promise<unknown> {
    const pool = openPool({ url, size: 1, applicationName: "test", statementTimeoutMs: 1000 });
    try {
      return (await pool.query("SELECT 1 AS one")).rows;
    } catch (error) {
      return error;
    } finally {
      await pool.end();
    }
  }

  const expectRefused = (error: unknown, says: RegExp) => {
    expect(error).to.be.instanceOf(UntrustedServerError);
    expect((error as Error).message).to.match(says);
    // Asked again, as while it restarts: certificates and authorities are replaced while programs run.
    expect(meaningOf(error)).to.equal("away");
  };

  it("is refused without TLS", async () => {
    expectRefused(await ask(address("localhost")), /^the database's server has no TLS: turn it on in the server/);
  });

  it("is read with the right authority and name, also by migrations", async () => {
    await serve(await signed(authority, ["localhost"]));
    expect(await ask(address("localhost"))).to.deep.equal([{ one: 1 }]);
    expect(await migrate(address("localhost"))).to.deep.equal([]);
  });

  it("is refused with another name", async () => {
    await serve(await signed(authority, ["database.example"]));
    expectRefused(
      await ask(address("localhost")),
      /refused \(.*localhost.*DNS:database\.example.*\): connect by a name of that certificate/,
    );
  });

  it("says in the metrics until when its certificate is good", async () => {
    const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
    await serve(await signed(authority, ["localhost"], { notAfter }));
    await ask(address("localhost"));
    const metric = registry.getSingleMetricAsString("ratesapp_database_certificate_expiry_timestamp_seconds");
    expect(await metric).to.include(`{host="localhost"} ${+notAfter / 1000}`);
  });

  it("is refused, for migrations too, with a certificate of another authority", async () => {
    await serve(await signed(await newAuthority("servers 1"), ["localhost"]));
    const says = /refused \(.*\): no authority that is trusted has signed it; name a file .* in sslrootcert$/;
    expectRefused(await ask(address("localhost")), says);
    expectRefused(await migrate(address("localhost")).catch((error: unknown) => error), says);
  });

  it("is refused with a certificate that has expired, or is not valid yet", async () => {
    await serve(await signed(authority, ["localhost"], { notAfter: new Date(Date.now() - 60_000) }));
    expectRefused(await ask(address("localhost")), /refused \(certificate has expired\): renew it/);
    await serve(await signed(authority, ["localhost"], { notAfter: new Date(Date.now() + 86_400_000) }));
    expectRefused(await ask(address("localhost")), /refused \(certificate is not yet valid\): compare the clocks/);
  });

  it("is read through a change of its authority by a program that goes on", async () => {
    const next = await newAuthority("servers 2");
    await writeFile(authorities, authority.certificate + next.certificate);
    await serve(await signed(authority, ["localhost"]));
    const pool = openPool({ url: address("localhost"), size: 1, applicationName: "test", statementTimeoutMs: 1000 });
    /** Asks on a connection that is made for this question. */
    const askAnew = async () => {
      const client = await pool.connect();
      const { rows } = await client.query("SELECT 1 AS one");
      client.release(true);
      return rows;
    };
    try {
      expect(await askAnew()).to.deep.equal([{ one: 1 }]);
      await serve(await signed(next, ["localhost"]));
      expect(await askAnew()).to.deep.equal([{ one: 1 }]);
      // The file is read again for each connection.
      await writeFile(authorities, next.certificate);
      expect(await askAnew()).to.deep.equal([{ one: 1 }]);
      await serve(await signed(authority, ["localhost"]));
      expectRefused(await askAnew().catch((error: unknown) => error), /no authority that is trusted/);
    } finally {
      await pool.end();
    }
  });

  it("needs a file that holds an authority", async () => {
    expect(mistakeInDatabaseUrl(address("localhost"))).to.equal(undefined);
    for (const content of ["", "no certificate", authority.key]) {
      await writeFile(authorities, content);
      expect(mistakeInDatabaseUrl(address("localhost"))).to.match(/^names a file without a certificate/);
    }
  });
});
