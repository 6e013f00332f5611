// Runs in a pod: one delivery, by HTTP with ranges, as an object store would serve it.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { csv } from "./deliveries.js";

const delivery = csv(Number(process.env.PRICES));
const etag = `"${createHash("sha256").update(delivery).digest("hex").slice(0, 16)}"`;

createServer((request, response) => {
  if (request.url !== "/prices.csv") {
    response.writeHead(404).end();
    return;
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const headers = { "accept-ranges": "bytes", "content-type": "text/csv", etag };
  if (from === undefined) {
    response.writeHead(200, { ...headers, "content-length": delivery.length }).end(delivery);
    return;
  }
  const last = Math.min(to ? Number(to) : delivery.length - 1, delivery.length - 1);
  const part = delivery.subarray(Number(from), last + 1);
  response
    .writeHead(206, {
      ...headers,
      "content-length": part.length,
      "content-range": `bytes ${from}-${last}/${delivery.length}`,
    })
    .end(part);
}).listen(8080);
