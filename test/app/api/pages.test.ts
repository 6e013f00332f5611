import { expect } from "chai";
import { useApi } from "../../kit/api.js";

describe("the pages", () => {
  const api = useApi();

  const get = (path: string, headers: Record<string, string> = {}) => fetch(api.server.apiUrl + path, { headers });

  it("are asked for again each time, and their assets never", async () => {
    const page = await get("/");
    expect(page.status).to.equal(200);
    expect(page.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).to.equal("no-cache");
    expect((await get("/", { "If-None-Match": page.headers.get("etag") ?? "" })).status).to.equal(304);
    const assets = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(assets).not.to.deep.equal([]);
    for (const path of assets) {
      const asset = await get(path);
      expect(asset.status, path).to.equal(200);
      expect(asset.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
      await asset.arrayBuffer();
    }
  });

  it("may load from here, and from nowhere else", async () => {
    for (const path of ["/", "/docs", "/docs/errors"]) {
      const policy = (await get(path)).headers.get("content-security-policy") ?? "";
      expect(policy, path).to.match(/^default-src 'none'; /);
      expect(policy, path).not.to.match(/https?:|\*|unsafe-eval/);
      expect(policy, path).to.include("frame-ancestors 'none'");
    }
  });

  it("share /batches with the API: a browser gets HTML, everything else JSON", async () => {
    const page = await get("/batches", { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" });
    expect(page.status).to.equal(200);
    expect(page.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(page.headers.get("vary")).to.equal("Accept, Accept-Encoding");
    for (const headers of [{}, { Accept: "application/json" }] as Record<string, string>[]) {
      const answer = await get("/batches", headers);
      expect(answer.status).to.equal(401);
      expect(answer.headers.get("www-authenticate")).to.equal('Bearer realm="batches"');
      expect(answer.headers.get("content-type")).to.equal("application/problem+json");
    }
  });

  it("tell a browser that nothing is at an address, and a program with a problem document", async () => {
    const browser = { Accept: "text/html,*/*;q=0.8" };
    const page = await get("/nowhere", browser);
    expect(page.status).to.equal(404);
    expect(page.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(await page.text()).to.include("Nothing is here");
    expect((await get("/nowhere")).headers.get("content-type")).to.equal("application/problem+json");
    // A path that exists with another method is not "nothing".
    const other = await fetch(`${api.server.apiUrl}/rates`, { method: "DELETE", headers: browser });
    expect(other.status).to.equal(405);
  });

  it("do not ask for a token where no token exists", async () => {
    const page = await (await get("/batches", { Accept: "text/html" })).text();
    expect(page).to.include("WRITE_TOKENS_FILE").and.not.to.include("<script");
  });
});
