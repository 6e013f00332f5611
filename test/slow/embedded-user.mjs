// A process that uses the local Postgres in argv[2] until its stdin ends. Prints the URL once it has joined.
import { openEmbedded } from "../../dist/database/embedded.js";

const database = await openEmbedded({ directory: process.argv[2], serverSettings: { fsync: "off" } });
process.stdout.write(`${database.url}\n`);
for await (const _ of process.stdin);
await database.close();
