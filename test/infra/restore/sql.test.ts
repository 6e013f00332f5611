import { expect } from "chai";
import pg from "pg";
import { generations } from "../../../infra/access/generations.js";
import { purposes } from "../../../infra/access/purposes.js";
import { dropRoles, loginName, rolesOf } from "../../../infra/access/roles-of-backup.js";
import { type Facts, faults, tableOf } from "../../../infra/restore/facts.js";
import { FACTS, planned, REFUSE_WRITES, TAKE_WRITES } from "../../../infra/restore/restore.sql.js";
import { deliver } from "../../kit/batches.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { onServer } from "../../kit/postgres.js";

const all = Object.values(purposes(2000));
const roles = rolesOf(all);

describe("a database that is restored", () => {
  const test = useDatabase();
  const query = async <T>(sql: string) => (await test.pool.query<Record<string, T>>(sql)).rows;
  const one = async <T>(sql: string): Promise<T> => Object.values((await query<T>(sql))[0] ?? {})[0] as T;

  before(async () => {
    await bringPlaces(test.database);
    const price = { origin: "CNSGH", destination: "NLRTM", price: 7 };
    await deliver(test.database, {
      feed: "sea",
      prices: ["2024-02-28", "2024-02-29", "2024-03-01"].map((day) => ({ ...price, day })),
    });
    // As the program makes them (infra/access).
    await onServer("CREATE ROLE ratesapp_owner");
    for (const { group } of all.filter(({ name }) => name !== "owner")) await onServer(`CREATE ROLE ${group}`);
    for (const { group, name } of all) {
      for (const { suffix } of generations(1)) {
        await onServer(`CREATE ROLE ${loginName(name, suffix)} LOGIN PASSWORD 'old' IN ROLE ${group}`);
      }
    }
    await query(`
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ratesapp_ingest;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ratesapp_api;
      ALTER DEFAULT PRIVILEGES FOR ROLE ratesapp_owner IN SCHEMA public GRANT SELECT ON TABLES TO ratesapp_api;
      CREATE TABLE made_by_a_login (id integer);
      ALTER TABLE made_by_a_login OWNER TO ratesapp_owner_a`);
  });

  after(async () => {
    await query(dropRoles(roles));
    await query("DROP OWNED BY ratesapp_owner");
    await onServer("DROP ROLE ratesapp_owner");
  });

  it("says what it holds", async () => {
    const facts = await one<Facts>(FACTS);
    expect(facts.months).to.deep.equal({
      "2024-02": { prices: 2, visible: 2 },
      "2024-03": { prices: 1, visible: 1 },
    });
    expect(facts.newest).to.include({ feed: "sea" });
    expect(facts.unfinished).to.equal(0);
    expect(faults(facts)).to.deep.equal([]);
    expect(tableOf({ ratesapp: facts, restored: undefined })).to.match(/^prices 2024-02 +2, visible 2 +not there$/m);
  });

  it("is not right if prices are missing that consumers see", async () => {
    await query("BEGIN");
    const facts = { ...(await one<Facts>(FACTS)), months: { "2024-02": { prices: 1, visible: 2 } } };
    await query("ROLLBACK");
    expect(faults(facts)).to.deep.equal(["2024-02: consumers see 2 prices, and 1 are stored"]);
  });

  it("knows when a batch was begun, and which there are not", async () => {
    expect(new Date(await one<string>(planned(1))).getTime()).to.be.closeTo(Date.now(), 60_000);
    expect(await query(planned(99))).to.deep.equal([]);
  });

  it("takes no more writes when pods leave it, ends those that write, and takes them again", async () => {
    const connectionString = new URL(test.url);
    connectionString.username = "ratesapp_ingest_a";
    connectionString.password = "old";
    const connect = async () => {
      const client = new pg.Client({ connectionString: connectionString.href });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    const insert = "UPDATE batches SET failure = failure";
    const before = await connect();
    await before.query(insert);
    await query(REFUSE_WRITES);
    expect(await before.query("SELECT 1").catch((error: Error) => error)).to.be.instanceOf(Error);
    const refused = await connect();
    expect(await refused.query(insert).catch((error: { code: string }) => error.code)).to.equal("25006");
    expect((await refused.query("SELECT count(*) FROM prices")).rows).to.deep.equal([{ count: "3" }]);
    await refused.end();
    await query(TAKE_WRITES);
    const again = await connect();
    await again.query(insert);
    await again.end();
  });

  it("does not lose roles that programs use", async () => {
    const connectionString = new URL(test.url);
    connectionString.username = "ratesapp_api_a";
    connectionString.password = "old";
    const client = new pg.Client({ connectionString: connectionString.href });
    await client.connect();
    expect(await query(dropRoles(roles)).catch((error: Error) => error.message)).to.equal(
      "ratesapp_api_a is in use: this database was not restored just now",
    );
    await client.end();
  });

  it("loses the roles that came with the backup and their rights, and nothing else, however often", async () => {
    for (let times = 0; times < 2; times += 1) await query(dropRoles(roles));
    expect(await query("SELECT rolname FROM pg_roles WHERE rolname ~ '^ratesapp_'")).to.deep.equal([
      { rolname: "ratesapp_owner" },
    ]);
    expect(await one("SELECT count(*) FROM prices")).to.equal("3");
    expect(await one("SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_a_login'")).to.equal(
      "ratesapp_owner",
    );
    expect(await query("SELECT FROM pg_default_acl WHERE defaclacl::text ~ 'ratesapp_api'")).to.deep.equal([]);
  });
});
