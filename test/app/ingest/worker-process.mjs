import { Database } from "../../../dist/database/database.js";
import { openPool } from "../../../dist/database/pool.js";
import { ingestSource } from "../../../dist/ingest/ingest-source.js";

// A worker in a process of its own, to be killed: `worker-process.mjs DATABASE_URL SOURCE FEED PIECE_BYTES`.
const [url, source, feed, pieceBytes] = process.argv.slice(2);
const pool = openPool({ url, size: 8, applicationName: "ratesapp test worker", statementTimeoutMs: 0 });
const reports = await ingestSource({ database: new Database(pool, {}), source, feed, pieceBytes: Number(pieceBytes) });
await pool.end();
process.exitCode = reports.every((report) => report.state === "published") ? 0 : 1;
