import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type BatchReport, type IngestOptions, ingestSource } from "../../../app/ingest/ingest-source.js";
import { SourceError } from "../../../app/ingest/sources/source-error.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { skipBecause } from "../../kit/skip.js";
import { TcpProxy } from "../../kit/tcp-proxy.js";
import { type S3Server, startS3Server } from "./s3-server.js";
import { bringPlaces, HEADER, only, onlyObject, readTotals, someLines, totalsOf } from "./setup.js";

const PIECE_BYTES = 8_192;
const lines = someLines(3_000);
const csv = (some: readonly string[]) => `${HEADER}\n${some.join("\n")}\n`;

describe("a source in S3", () => {
  let server: S3Server | undefined;
  let client: S3Client;
  let database: TestDatabase;

  before(async function () {
    server = await startS3Server();
    if (!server) skipBecause(this, "no S3 server (versitygw) is on PATH");
    client = new S3Client({ forcePathStyle: true });
  });
  after(async () => {
    client?.destroy();
    await server?.stop();
  });
  beforeEach(async () => {
    database = await createDatabase();
    await bringPlaces(database.pool);
  });
  afterEach(() => database.drop());

  const put = (key: string, content: string | Buffer) =>
    client.send(new PutObjectCommand({ Bucket: (server as S3Server).bucket, Key: key, Body: content }));
  const ingest = (key: string, options: Partial<IngestOptions> = {}): Promise<BatchReport[]> =>
    ingestSource({
      database,
      source: `s3://${(server as S3Server).bucket}/${key}`,
      pieceBytes: PIECE_BYTES,
      ...options,
    });

  it("is one object, read in ranges and loaded once", async () => {
    await put("one/prices.csv", csv(lines));
    const report = only(await ingest("one/prices.csv"));
    expect(report).to.include({ state: "published", rows: lines.length, name: "prices.csv" });
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
    const { rows } = await database.pool.query("SELECT count(*)::integer AS pieces FROM pieces");
    expect(rows[0].pieces).to.be.greaterThan(5);
    expect(only(await ingest("one/prices.csv")).already).to.equal(true);
  });

  it("is every new object of a prefix, in the order of keys, packed or not", async () => {
    await put("many/b/2.csv", csv(lines.slice(1_000, 2_000)));
    await put("many/a.csv.gz", zlib.gzipSync(csv(lines.slice(0, 1_000))));
    const first = await ingest("many/");
    expect(first.map((report) => `${report.name} ${report.state}`)).to.deep.equal([
      "a.csv.gz published",
      "b/2.csv published",
    ]);
    await put("many/c.csv", csv(lines.slice(2_000)));
    expect((await ingest("many/")).map((report) => report.name)).to.deep.equal(["c.csv"]);
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
  });

  it("fails when it is replaced while it is read", async () => {
    await put("changing/prices.csv", csv(lines));
    const report = only(
      await ingest("changing/prices.csv", { onBatch: () => void put("changing/prices.csv", csv(lines.toReversed())) }),
    );
    if (report.state === "published") return; // It was read before.
    expect(report.failure).to.match(/prices\.csv changed while it was read/);
    expect((await readTotals(database.pool)).stored.rows).to.equal(0);
  });

  it("goes on where it was cut, rather than from the start", async () => {
    // More bytes than the sockets on the way can buffer.
    const content = randomBytes(16 * 1024 * 1024);
    await put("cut/large", content);
    const endpoint = process.env.AWS_ENDPOINT_URL as string;
    const proxy = await TcpProxy.start(endpoint);
    process.env.AWS_ENDPOINT_URL = new URL(proxy.url(endpoint)).origin;
    try {
      const object = await onlyObject(`s3://${(server as S3Server).bucket}/cut/large`);
      const read: Buffer[] = [];
      for await (const chunk of object.read(0, null)) {
        if (read.length % 60 === 20) proxy.cut();
        read.push(Buffer.from(chunk));
      }
      expect(Buffer.concat(read).equals(content)).to.equal(true);
    } finally {
      process.env.AWS_ENDPOINT_URL = endpoint;
      await proxy.stop();
    }
  });

  it("says when there is no such object, and when keys are refused", async () => {
    const missing = await ingest("none.csv").catch((error: unknown) => error);
    expect(missing).to.be.instanceOf(SourceError);
    expect((missing as Error).message).to.match(/^There is no s3:\/\/deliveries\/none\.csv\.$/);
    const secret = process.env.AWS_SECRET_ACCESS_KEY as string;
    process.env.AWS_SECRET_ACCESS_KEY = "wrong";
    try {
      expect(await ingest("one/").catch((error: unknown) => error)).to.be.instanceOf(SourceError);
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = secret;
    }
  });
});
