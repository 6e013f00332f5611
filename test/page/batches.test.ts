import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { Database } from "../../app/database/database.js";
import type { Feed } from "../../app/operator/feed/feed.js";
import { FeedReports } from "../../app/operator/status/feed-reports.js";
import { until } from "../kit/until.js";
import { TOKEN } from "../kit/write-token.js";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";

describe("the page of batches", function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;

  before(async function () {
    browser = await openBrowser(this);
    site = await openSite();
    await site.load("daily", "good.csv", ["CNSGH,NLRTM,2021-01-01,1000", "CNSGH,NLRTM,2021-01-01,1100"]);
    await site.load("daily", "more.csv", ["CNSGH,NLRTM,2021-01-01,1200", "CNSGH,NLRTM,2021-01-02,1300"]);
    await site.load("partner", "bad.csv", ["CNSGH,NLRTM,2021-01-01,900", "CNSGH,ATLAN,2021-01-01,900"]);
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  const open = (options: Parameters<typeof openPage>[2] = {}) => openPage(browser, `${site.address}/batches`, options);

  async function enter(page: Page, token = TOKEN): Promise<void> {
    await page.getByLabel("Access token").fill(token);
    await page.keyboard.press("Enter");
  }

  /** The rate of the one day that the batches of the feed `daily` share. */
  async function rate(): Promise<{ price: number | null; count: number | null }> {
    const question = "origin=CNSGH&destination=NLRTM&date_from=2021-01-01&date_to=2021-01-01";
    const response = await fetch(`${site.address}/rates?${question}`, { headers: { "Cache-Control": "no-cache" } });
    const { rates } = (await response.json()) as { rates: [{ price: number | null; count: number | null }] };
    return { price: rates[0].price, count: rates[0].count };
  }

  /** The same, as soon as it is one of so many prices: a change is seen within two seconds. */
  const rateOf = (prices: number) =>
    until(
      `a rate of ${prices} prices`,
      async () => {
        const found = await rate();
        return found.count === prices && found;
      },
      { timeoutMs: 2_000 },
    );

  it("asks for the token once, and again if the service does not know it", async () => {
    const { page, close } = await open({ expected: [401] });
    await enter(page, "unknown");
    await page.getByRole("alert").filter({ hasText: "does not know this token" }).waitFor();
    await enter(page);
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.getByRole("button", { name: "Forget the token" }).click();
    await page.getByLabel("Access token").waitFor();
    await close();
  });

  it("lists batches newest first, with the lines that could not be loaded", async () => {
    const { page, close } = await open();
    await enter(page);
    const batches = page.getByRole("listitem").filter({ has: page.getByRole("heading", { level: 3 }) });
    await batches.nth(2).waitFor();
    expect(await batches.getByRole("heading").allTextContents()).to.deep.equal(["partner #3", "daily #2", "daily #1"]);
    expect(await batches.nth(0).textContent()).to.include("Failed");
    expect(await batches.nth(1).textContent())
      .to.include("Published")
      .and.to.include("2 rows")
      .and.to.include("more.csv");

    await batches.nth(0).locator("summary", { hasText: "1 bad line" }).click();
    const bad = batches.nth(0).getByRole("table").getByRole("row").nth(1);
    await bad.waitFor();
    expect(await bad.textContent())
      .to.include("bad.csv")
      .and.to.include("3")
      .and.to.include("unknown port")
      .and.to.include("CNSGH,ATLAN,2021-01-01,900");
    await close();
  });

  it("shows the batches of a feed and in a state, also after a reload, by a link, and by back", async () => {
    const { page, close } = await open();
    await enter(page);
    const headings = page.getByRole("heading", { level: 3 });
    await headings.nth(2).waitFor();
    await page.getByLabel("Feed").fill("daily");
    await page.keyboard.press("Enter");
    await headings.filter({ hasText: "partner" }).waitFor({ state: "detached" });
    await page.getByRole("status").filter({ hasText: "2 batches" }).waitFor({ state: "attached" });
    expect(await headings.allTextContents()).to.deep.equal(["daily #2", "daily #1"]);
    expect(new URL(page.url()).search).to.equal("?feed=daily");

    await page.getByLabel("State").selectOption({ label: "Failed" });
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("heading", { name: "No such batches" }).waitFor();
    expect(new URL(page.url()).search).to.equal("?feed=daily&state=failed");
    await page.goBack();
    await headings.nth(1).waitFor();
    expect(await page.getByLabel("State").inputValue()).to.equal("");

    await page.goto(`${site.address}/batches?state=failed`);
    await page.getByRole("status").filter({ hasText: "1 batch" }).waitFor({ state: "attached" });
    expect(await headings.allTextContents()).to.deep.equal(["partner #3"]);
    expect(await page.getByLabel("State").inputValue()).to.equal("failed");
    await page.getByRole("button", { name: "Show all" }).click();
    await headings.nth(2).waitFor();
    expect(new URL(page.url()).search).to.equal("");
    await close();
  });

  it("has a link to each batch, which shows it alone", async () => {
    const { page, close } = await open({ expected: [404] });
    await enter(page);
    await page.getByRole("link", { name: "Batch #2" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/batches?batch=2");
    const headings = page.getByRole("heading", { level: 3 });
    await headings.waitFor();
    await page.reload();
    await headings.waitFor();
    expect(await headings.allTextContents()).to.deep.equal(["daily #2"]);
    await page.getByRole("link", { name: "All batches" }).click();
    await headings.nth(2).waitFor();
    await page.goto(`${site.address}/batches?batch=999`);
    await page.getByText("There is no batch 999").waitFor();
    await close();
  });

  it("retracts a batch and publishes it again, after asking", async () => {
    const { page, close } = await open();
    await enter(page);
    expect(await rate()).to.deep.equal({ price: 1100, count: 3 });
    await page.getByRole("button", { name: "Retract batch 2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    expect(await rate()).to.deep.equal({ price: 1100, count: 3 });

    await page.getByRole("button", { name: "Retract batch 2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retract" }).click();
    await page.getByRole("button", { name: "Publish again batch 2" }).click();
    expect(await rateOf(2)).to.deep.equal({ price: null, count: 2 });
    await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
    await page.getByRole("button", { name: "Retract batch 2" }).waitFor();
    expect(await rateOf(3)).to.deep.equal({ price: 1100, count: 3 });
    await close();
  });

  it("shows how far a batch is and how fast, while it is loaded, and stops it after asking", async () => {
    await site.pool.query(
      `INSERT INTO batches (feed, source, identity, mode, state, planned, bytes)
       VALUES ('slow', 'large.csv', 'large', 'append', 'loading', true, 4000000)`,
    );
    await site.pool.query(
      `INSERT INTO pieces (batch_id, number, state, from_byte, to_byte, rows, rejected, started_at, loaded_at)
       SELECT max(id), 0, 'loaded', 0, 1000000, 36000, 0, clock_timestamp() - interval '10 seconds', clock_timestamp() FROM batches
       UNION ALL SELECT max(id), 1, 'loading', 1000000, 4000000, NULL, NULL, clock_timestamp(), NULL FROM batches`,
    );
    const { page, close } = await open();
    await enter(page);
    const running = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "slow" }) });
    await running.waitFor();
    expect(await running.getByRole("progressbar").getAttribute("value")).to.equal("10");
    expect(await running.textContent())
      .to.match(/36,000 rows/)
      .and.to.match(/\d,\d{3} rows\/s/)
      .and.to.match(/1 of 2 pieces/);
    await running.getByRole("button", { name: "Stop batch" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
    await page.getByRole("listitem").filter({ hasText: "slow" }).filter({ hasText: "It was stopped." }).waitFor();
    await close();
  });

  it("says that an upload waits for its publish, and publishes it", async () => {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const opened = await fetch(`${site.address}/batches`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", "Idempotency-Key": "waits" },
      body: JSON.stringify({ feed: "sender" }),
    });
    const { id } = (await opened.json()) as { id: number };
    const send = async (piece: number) => {
      await fetch(`${site.address}/batches/${id}/pieces/${piece}`, {
        method: "PUT",
        headers: { ...headers, "Content-Type": "text/csv" },
        body: `orig_code,dest_code,day,price\nCNSGH,NLRTM,2022-01-0${piece + 1},700\n`,
      });
    };
    await send(0);
    const { page, close } = await open({ expected: [409] });
    await enter(page);
    const waiting = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "sender" }) });
    await waiting.getByText("Uploaded").waitFor();
    expect(await waiting.getByRole("progressbar").count()).to.equal(0);

    await waiting.getByRole("button", { name: "Publish batch" }).click();
    await send(1);
    await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
    await page.getByRole("dialog").getByText("2 of 1 pieces are loaded").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

    await waiting.getByText("2 of 2 pieces").waitFor();
    await waiting.getByRole("button", { name: "Publish batch" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
    await waiting.getByText("Published", { exact: true }).waitFor();
    await close();
  });

  it("shows the feeds of Kubernetes above the batches, those in trouble first, and none where no operator runs", async () => {
    const { page, close } = await open();
    await enter(page);
    await page.getByRole("heading", { name: "History" }).waitFor();
    const feeds = page.getByRole("table", { name: "Feeds" });
    expect(await feeds.count()).to.equal(0);
    const feed = (name: string, status: Feed["status"]) => ({ metadata: { name }, status }) as Feed;
    const told = [
      feed("daily", { state: "Ready", message: "Runs begin by the schedule @daily", nextRun: "2030-01-01T00:00:00Z" }),
      feed("partner", { state: "BatchFailed", message: "Batch 3 (bad.csv) failed: 1 bad line" }),
    ];
    await new FeedReports(new Database(site.pool), { info() {}, warn() {} }, () => told).write();
    await page.reload();
    await feeds.waitFor();
    expect(await feeds.getByRole("row").nth(1).textContent()).to.include("BatchFailedBatch 3 (bad.csv) failed");
    expect(await feeds.getByRole("row").nth(2).textContent()).to.match(/dailyReady\d+ \w+ 20(29|30)/);
    await page.getByText("2 feeds, 1 in trouble").waitFor();
    expect(await page.getByText("The operator is away").count()).to.equal(0);
    await site.pool.query("UPDATE feed_reports SET reported_at = now() - interval '1 hour'");
    await page.reload();
    await page.getByText("The operator is away").waitFor();
    await feeds.getByRole("link", { name: "partner" }).click();
    await page.waitForURL("**/batches?feed=partner");
    await page.getByRole("heading", { level: 3 }).waitFor();
    expect(await feeds.count()).to.equal(0);
    await close();
  });

  it("fits a phone", async () => {
    const { page, close } = await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await enter(page);
    await page.getByRole("heading", { name: "History" }).waitFor();
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.equal(360);
    await close();
  });
});
