import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";
import { loadYear, TWO_LANES, YEAR } from "./year.js";

/** All that a browser loads to show rates, but for the rates and the places. */
const MOST_BYTES = 60_000;
/** Of a year of two lanes: chart, table and figures. */
const LONGEST_DRAWING_MS = 100;
const LATEST_PAINT_MS = 2_500;
/** What Core Web Vitals call good. */
const MOST_SHIFT = 0.1;

describe("the speed of the page of rates", function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;

  before(async function () {
    browser = await openBrowser(this);
    site = await openSite();
    await loadYear(site);
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  it(`is at most ${MOST_BYTES} bytes, compressed`, async () => {
    const { page, close } = await openPage(browser, `${site.address}/docs/errors`);
    const sizes: Promise<number>[] = [];
    page.on("requestfinished", (request) => {
      if (/^\/(assets\/|$)/.test(new URL(request.url()).pathname))
        sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await page.goto(`${site.address}/?${TWO_LANES}`);
    await page.locator("tbody tr").first().waitFor();
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(sizes.length).to.be.greaterThan(3);
    expect(bytes).to.be.within(20_000, MOST_BYTES);
    await close();
  });

  it(`draws a year of two lanes in at most ${LONGEST_DRAWING_MS} ms`, async () => {
    const twoDays = `${TWO_LANES}&zoom=2024-06-01..2024-06-02`;
    const { page, close } = await openPage(browser, `${site.address}/?${twoDays}`);
    await page.getByRole("button", { name: "Whole range" }).click();
    await page.locator("tbody tr").nth(365).waitFor();
    const times = await timesToDrawMs(page);
    expect(Math.min(...times), times.join(" ")).to.be.within(1, LONGEST_DRAWING_MS);
    await close();
  });

  for (const [lanes, query] of [
    ["one lane", `origin=CNSGH&destination=NLRTM&${YEAR}`],
    ["two lanes", `${TWO_LANES}&mean=7`],
  ] as const) {
    for (const [screen, viewport] of [
      ["a desk", { width: 1280, height: 900 }],
      ["a phone", { width: 360, height: 740 }],
    ] as const) {
      it(`paints soon on a slow line, and nothing moves when the rest arrives: ${lanes} on ${screen}`, async () => {
        const { page, close } = await openPage(browser, `${site.address}/`, { viewport });
        const loads = [];
        for (let load = 0; load < 3; load++) loads.push(await loadSlowly(page, `${site.address}/?${query}`));
        // A busy machine makes a load later, and none earlier.
        expect(Math.min(...loads.map(({ paintedAtMs }) => paintedAtMs))).to.be.below(LATEST_PAINT_MS);
        expect(Math.max(...loads.map(({ shift }) => shift))).to.be.below(MOST_SHIFT);
        await close();
      });
    }
  }
});

/**
 * Draws the whole year after two days of it, several times: the time of the page's thread for figures, chart and table,
 * up to their layout. It is the time on the processor, which a busy machine does not make longer.
 */
async function timesToDrawMs(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const takenMs = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  };
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    await page.goBack();
    await page.locator("tbody tr").nth(2).waitFor({ state: "detached" });
    const before = await takenMs();
    await page.evaluate(`(async () => {
      history.forward();
      while (document.querySelectorAll("tbody tr").length < 366) await new Promise((resolve) => setTimeout(resolve));
      document.body.getBoundingClientRect();
    })()`);
    times.push((await takenMs()) - before);
  }
  return times;
}

/** Loads a page over what Lighthouse calls a slow 4G (150 ms and 1.6 Mbit/s), and measures its paint and its shifts. */
async function loadSlowly(page: Page, address: string): Promise<{ paintedAtMs: number; shift: number }> {
  const line = await page.context().newCDPSession(page);
  await line.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: 1_600_000 / 8,
    uploadThroughput: 750_000 / 8,
  });
  await line.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.goto(address);
  await page.locator(".result:not(.result-old) tbody tr").first().waitFor();
  return page.evaluate(`new Promise((resolve) => {
    let shift = 0;
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve({ paintedAtMs: paint.startTime, shift }), 200);
  })`);
}
