import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { figure } from "./figures.js";
import { get, kubectl, pods, program } from "./kubectl.js";
import type { Stack } from "./stack.js";
import { API_PODS, DATABASE, staging, WORKLOADS } from "./staging.js";
import { traffic } from "./traffic.js";
import { until } from "./until.js";

describe("the certificates of a staging stack's database", () => {
  let stack: Stack;
  before(async () => {
    stack = await staging();
  });

  it("can be signed by another authority while requests go on, none of which fails", async () => {
    const stop = traffic(2, 20);
    const issuer = async () => {
      const { data } = await get<{ data: { "tls.crt": string } }>("secret", "ratesapp-server", "-n", DATABASE);
      return new X509Certificate(Buffer.from(data["tls.crt"], "base64")).issuer;
    };
    const podsBefore = (await pods(WORKLOADS, API_PODS)).map(({ metadata }) => metadata.name);
    expect(await issuer()).to.match(/servers 1$/);
    await stack.set("access.authorityGeneration", "2");
    figure("up with another certificate authority", await stack.up(), "s", 60);
    await until("the servers' certificate is signed by it", 60_000, async () => /servers 2$/.test(await issuer()));
    // As a program that starts now, which reads the authorities that are mounted in its pod.
    const logIn = `
      import pg from "pg";
      const client = new pg.Client({ connectionString: process.env.DATABASE_READ_URL });
      await client.connect();
      console.log(client.connection.stream.getPeerX509Certificate().issuer);
      await client.end();`;
    // Poolers present the certificate before until they are restarted, which the documentation tells.
    await kubectl(["-n", DATABASE, "rollout", "restart", "deployment", "-l", "cnpg.io/poolerName"]);
    await until("the poolers present it", 120_000, async () => {
      return /servers 2$/.test((await program(WORKLOADS, podsBefore[0] ?? "", "api", logIn)).trim());
    });
    const { bad, good } = await stop();
    expect(bad).to.deep.equal([]);
    expect(good).to.be.above(20);
    expect((await pods(WORKLOADS, API_PODS)).map(({ metadata }) => metadata.name)).to.have.members(podsBefore);
  });
});
