import { expect } from "chai";
import { escapeLiteral } from "pg";
import { environmentSchema, readSettings, SettingsError } from "../../app/settings.js";
import { startApi } from "../kit/api.js";
import { createDatabase } from "../kit/database.js";

function mistakesOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.mistakes;
    throw error;
  }
}

const ESCAPED = /^must look like .* % must be written %25, # %23/;
const SEVERAL = /^names several hosts.*DATABASE_READ_URL$/;
const REFUSED: readonly (readonly [url: string, says: RegExp])[] = [
  ["mysql://db", /^must look like postgres:/],
  ["postgres:/db", /^must look like postgres:/],
  ["localhost:5432", /^must look like postgres:/],
  ["postgres://user:se#cret/x@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:se#cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:1#cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:secret@127.0.0.1:5432/d#b", ESCAPED],
  ["postgres://user:se/cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:1/cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://us/er:secret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:se?cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:1?cret@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:secret100%de@127.0.0.1:5432/db", ESCAPED],
  ["postgres://user:secret@127.0.0.1:5432/db/other", ESCAPED],
  ["postgres://user:secret@[::1:5432/db", ESCAPED],
  ["postgres://user:secret@host:port/db", ESCAPED],
  ["postgres://user:secret@host:70000/db", ESCAPED],
  ["postgres://user:secret@host:0/db", /^must have a port from 1 to 65535$/],
  ["postgres://user:secret@host/db?port=x", /^must have a port from 1 to 65535$/],
  ["postgres://user:secret@host/db?sslmode", ESCAPED],
  ["postgres://user:secret@host/db?sslmode=verify_full", /^must have an sslmode of disable, prefer, .*verify-full/],
  ["postgres://user:secret@host/db?sslmode=", /^must have an sslmode of disable/],
  ["postgres://user:secret@host/db?sslmode=verify-full&sslrootcert=/secret/ca", /^names a file that cannot be read/],
  ["postgres://user:secret@a:5432,b:5432/db?target_session_attrs=read-write", SEVERAL],
  ["postgres://user:secret@a,b/db?target_session_attrs=primary", SEVERAL],
  ["postgres://user:secret@/db?host=a,b&target_session_attrs=prefer-standby", SEVERAL],
];
const TAKEN = [
  "postgres://127.0.0.1:5432/db",
  "postgresql://user@db.example/db",
  "postgres://user:se%23cret%2Fx@127.0.0.1:5432/db",
  "postgres://user:se,cr:e@t50%off@127.0.0.1:5432/db",
  "postgres://user:p%25w%3F@[::1]:5432/db",
  "postgres://user@%2Fvar%2Frun%2Fpostgresql/db",
  "postgres://user@/db?host=/var/run/postgresql&port=5433",
  "postgres://user:secret@host/db?sslmode=no-verify&application_name=a%20b&options=-c%20work_mem%3D4MB",
  "postgres://user:secret@host/db?target_session_attrs=read-write",
  "postgres://user:secret@host/",
  "postgres:///db",
];

describe("the environment", () => {
  for (const name of ["DATABASE_URL", "DATABASE_READ_URL"]) {
    for (const [url, says] of REFUSED) {
      it(`is refused, without a word of the address, where ${name} is ${url}`, () => {
        const [mistake = "", ...others] = mistakesOf({ [name]: url });
        expect(others).to.deep.equal([]);
        expect(mistake.startsWith(`${name}: `), mistake).to.equal(true);
        expect(mistake.slice(name.length + 2)).to.match(says);
        expect(mistake).not.to.match(/cret|127\.0\.0\.1/);
      });
    }
    it(`may name any database in ${name}`, () => {
      for (const url of TAKEN) expect(mistakesOf({ [name]: url }), url).to.deep.equal([]);
    });
  }

  it("reaches the database that its address names, whatever characters the password has", async () => {
    const database = await createDatabase();
    const role = `reader_${process.pid}`;
    const password = "s#/?:@% ,é'\\=&";
    try {
      await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD ${escapeLiteral(password)}`);
      await database.pool.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
      const url = new URL(database.url);
      url.username = role;
      url.password = encodeURIComponent(password);
      const server = await startApi({ DATABASE_READ_URL: url.href });
      expect(await (await fetch(`${server.adminUrl}/readyz`)).json()).to.deep.equal({ status: "ready" });
      await server.stop();
    } finally {
      await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await database.drop();
    }
  });

  it("is refused where both ports are one, but both may be free ones", () => {
    expect(mistakesOf({ PORT: "8080", ADMIN_PORT: "8080" })).to.deep.equal([
      "ADMIN_PORT: must be another port than PORT, which is 8080",
    ]);
    expect(mistakesOf({ PORT: "9464" })).to.have.length(1);
    expect(mistakesOf({ PORT: "0", ADMIN_PORT: "0" })).to.deep.equal([]);
  });

  it("is refused where a number is none, or out of its range", () => {
    for (const port of ["65536", "-1", "+1", "1.5", "1e3", "0x10", " ", " 80", "80 ", "٣", "9".repeat(400)]) {
      expect(mistakesOf({ PORT: port }), port).to.deep.equal(["PORT: must be a whole number from 0 to 65535"]);
    }
    for (const [name, schema] of Object.entries(environmentSchema.shape)) {
      if (typeof schema.safeParse(undefined).data !== "number") continue;
      for (const value of ["", "0.5", "one", "1e99", "-5"]) {
        expect(mistakesOf({ [name]: value }).length, `${name}=${value}`).to.equal(value === "" ? 0 : 1);
      }
    }
  });

  it("takes a variable that is empty for one that is not set", () => {
    const empty = Object.fromEntries(Object.keys(environmentSchema.shape).map((name) => [name, ""]));
    expect(readSettings(empty)).to.deep.equal(readSettings({}));
  });
});
