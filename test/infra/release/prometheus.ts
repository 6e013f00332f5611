import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Values of a query by a word that it contains; without one, the answer is empty. */
export type Measured = Readonly<Record<string, number>>;

/** Stands in for Prometheus: it speaks its API for queries, and knows of each image what the test says. */
export class Prometheus {
  readonly #server: Server;
  readonly queries: string[] = [];

  private constructor(measured: (hash: string) => Measured) {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => {
        body += data;
      });
      request.on("end", () => {
        const url = new URL(request.url ?? "", "http://prometheus");
        const query = new URLSearchParams(body).get("query") ?? url.searchParams.get("query") ?? "";
        this.queries.push(query);
        const [, hash = ""] = /ratesapp-api-([a-z0-9]+)-/.exec(query) ?? [];
        const value = Object.entries(measured(hash)).find(([word]) => query.includes(word))?.[1];
        const result = value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1000, String(value)] }];
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
      });
    });
  }

  static async start(measured: (hash: string) => Measured): Promise<Prometheus> {
    const prometheus = new Prometheus(measured);
    await once(prometheus.#server.listen(0, "127.0.0.1"), "listening");
    return prometheus;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }
}
