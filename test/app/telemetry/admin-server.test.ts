import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { startApi, useApi } from "../../kit/api.js";
import { SAMPLE_PLACES } from "../../kit/places.js";
import { until } from "../../kit/until.js";

describe("the admin server", () => {
  const api = useApi(SAMPLE_PLACES);

  it("says that the process lives and is ready", async () => {
    expect(await (await fetch(`${api.server.adminUrl}/livez`)).json()).to.deep.equal({ status: "ok" });
    const ready = await fetch(`${api.server.adminUrl}/readyz?verbose`);
    expect(ready.status).to.equal(200);
    expect(await ready.json()).to.deep.equal({ status: "ready" });
    expect((await fetch(`${api.server.adminUrl}/`)).status).to.equal(404);
  });

  it("is the only one that says so: the API has none of its paths", async () => {
    for (const path of ["/livez", "/readyz", "/metrics"]) {
      expect((await fetch(api.server.apiUrl + path)).status).to.equal(404);
    }
  });

  it("measures what the service does, by names with units", async () => {
    await fetch(`${api.server.apiUrl}/rates?date_from=2024-01-01&date_to=2024-01-01&origin=CNSGH&destination=NLRTM`);
    await fetch(`${api.server.apiUrl}/assets/x.js`);
    await fetch(`${api.server.apiUrl}/wp-login.php`);
    const answer = await fetch(`${api.server.adminUrl}/metrics`);
    expect(answer.headers.get("content-type")).to.match(/^text\/plain; version=0\.0\.4/);
    const metrics = await answer.text();
    for (const line of [
      /^ratesapp_build_info\{version="[\d.]+",node="v\d+\.\d+\.\d+"\} 1$/m,
      /^ratesapp_dataset_version \d+$/m,
      /^ratesapp_dataset_age_seconds \d+(\.\d+)?$/m,
      /^ratesapp_event_loop_lag_seconds \d/m,
      /^ratesapp_http_requests_in_flight 0$/m,
      /^ratesapp_http_request_duration_seconds_bucket\{le="0.005",method="GET",route="\/rates",status="200"\} \d+$/m,
      /^ratesapp_http_request_duration_seconds_count\{method="GET",route="\/assets\/:name",status="404"\} \d+$/m,
      /^ratesapp_http_request_duration_seconds_count\{method="GET",route="none",status="404"\} \d+$/m,
      /^ratesapp_database_query_duration_seconds_count\{statement="rates",outcome="ok"\} \d+$/m,
      /^ratesapp_database_query_duration_seconds_count\{statement="dataset-version",outcome="ok"\} \d+$/m,
      /^ratesapp_database_pool_connections\{pool="read primary",state="total"\} \d+$/m,
      /^ratesapp_database_pool_connections\{pool="read primary",state="idle"\} \d+$/m,
      /^ratesapp_database_pool_connections\{pool="read primary",state="waiting"\} \d+$/m,
      /^ratesapp_cache_questions_total\{outcome="miss"\} \d+$/m,
      /^ratesapp_cache_bytes \d+$/m,
      /^process_resident_memory_bytes \d+$/m,
    ]) {
      expect(metrics).to.match(line);
    }
    // No label may grow with what clients send.
    expect(metrics).not.to.include("wp-login");
  });

  it("is given up, with every connection, by a service whose API port is taken", async () => {
    const environment = { PORT: new URL(api.server.apiUrl).port, ADMIN_PORT: String(await freePort()) };
    const connections = async () => {
      const { rows } = await api.pool.query<{ count: number }>(
        "SELECT count(*)::integer FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ratesapp %'",
      );
      return rows[0]?.count as number;
    };
    const before = await connections();
    const failure = await startApi({ DATABASE_URL: api.url, ...environment }).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "EADDRINUSE");
    await until("its connections are closed", async () => (await connections()) <= before);
    // The same ports again: the admin server would be in the way if it were left open.
    const again = await startApi({ DATABASE_URL: api.url, ...environment, PORT: "0" });
    await again.stop();
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
