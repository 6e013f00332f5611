import { expect } from "chai";
import { openPool } from "../../app/database/pool.js";
import { inTransaction } from "../../app/database/transaction.js";
import { useDatabase } from "../kit/database.js";

const LOGIN = `ratesapp_test_login_${process.pid}`;
const GROUP = `ratesapp_test_group_${process.pid}`;

describe("a transaction", function () {
  this.timeout(60_000);
  const test = useDatabase();

  before(async () => {
    await test.pool.query(`CREATE ROLE ${GROUP} NOLOGIN`);
    await test.pool.query(`CREATE ROLE ${LOGIN} LOGIN PASSWORD 'a' IN ROLE ${GROUP}`);
  });

  after(async () => {
    await test.pool.query(`DROP ROLE ${LOGIN}, ${GROUP}`);
  });

  it("of a session that took on another role, as migrations and compaction do, may be silent for long", async () => {
    const url = new URL(test.url);
    url.username = LOGIN;
    url.password = "a";
    url.searchParams.set("options", `-c role=${GROUP}`);
    const pool = openPool({ url: url.href, size: 1, applicationName: "test", statementTimeoutMs: 0 });
    try {
      const answer = await inTransaction(pool, (client) => client.query("SELECT current_user AS name, pg_sleep(5)"));
      expect(answer.rows[0].name).to.equal(GROUP);
    } finally {
      await pool.end();
    }
  });

  it("ends well if its signal is aborted by the next user of its connection", async () => {
    const pool = openPool({ url: test.url, size: 1, applicationName: "test", statementTimeoutMs: 0 });
    const stop = new AbortController();
    try {
      const work = async () => {
        // Called as soon as the only connection is released: by the release, before it returns.
        pool.connect((_error, _client, release) => {
          stop.abort();
          release();
        });
        return "done";
      };
      expect(await inTransaction(pool, work, stop.signal)).to.equal("done");
    } finally {
      await pool.end();
    }
  });
});
