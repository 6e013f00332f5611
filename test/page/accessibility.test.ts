import axe from "axe-core";
import { expect } from "chai";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { TOKEN } from "../kit/write-token.js";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";

interface State {
  readonly path: string;
  readonly statuses?: readonly number[];
  /** Brings the page into the state, and waits until it is there. */
  readonly reach: (page: Page) => Promise<unknown>;
}

const RANGE = "date_from=2021-01-01&date_to=2021-01-10";
const LANE = `/?origin=CNSGH&destination=north_europe&${RANGE}`;

const STATES: Readonly<Record<string, State>> = {
  "no question": { path: "/", reach: (page) => page.getByRole("heading", { name: "Where from" }).waitFor() },
  "an answer": { path: LANE, reach: (page) => page.locator("tbody tr").first().waitFor() },
  "two lanes with all that can stand beside them": {
    path: `${LANE}&lane=CNSGH:NLRTM&mean=7&index=100&zoom=2021-01-02..2021-01-05`,
    reach: (page) => page.locator("tbody tr").first().waitFor(),
  },
  "six lanes": {
    path: `${LANE}${"&lane=CNSGH:NLRTM".repeat(5)}`,
    reach: (page) => page.locator("tbody tr").first().waitFor(),
  },
  "a new lane": {
    path: LANE,
    async reach(page) {
      await page.getByRole("button", { name: "Compare with another lane" }).click();
      await page.getByRole("combobox", { name: "To, lane B" }).fill("e");
      await page.getByRole("option").first().waitFor();
    },
  },
  "a lane that does not exist beside one that does": {
    path: `${LANE}&lane=ATLAN:NLRTM`,
    statuses: [400],
    reach: (page) => page.getByRole("alert").waitFor(),
  },
  "a day under the pointer": {
    path: `${LANE}&lane=CNSGH:NLRTM`,
    async reach(page) {
      await page.getByRole("slider", { name: "Rates from" }).press("Home");
      await page.locator(".tip").waitFor();
    },
  },
  "the list of places": {
    path: LANE,
    async reach(page) {
      await page.getByRole("combobox", { name: "To" }).fill("e");
      await page.getByRole("option").first().waitFor();
    },
  },
  "places without a match": {
    path: LANE,
    async reach(page) {
      await page.getByRole("combobox", { name: "To" }).fill("atlantis");
      await page.getByText("No port or region matches").waitFor();
    },
  },
  "an unknown place": {
    path: `/?origin=ATLAN&destination=NLRTM&${RANGE}`,
    statuses: [400],
    reach: (page) => page.getByRole("alert").waitFor(),
  },
  "no prices": {
    path: "/?origin=CNSGH&destination=NLRTM&date_from=2022-06-01&date_to=2022-06-10",
    reach: (page) => page.getByRole("button", { name: "Go to the latest prices" }).waitFor(),
  },
  "batches without a token": { path: "/batches", reach: (page) => page.getByLabel("Access token").waitFor() },
  batches: {
    path: "/batches",
    async reach(page) {
      await page.getByLabel("Access token").fill(TOKEN);
      await page.getByRole("button", { name: "Show batches" }).click();
      await page.getByText("january.csv").first().waitFor();
    },
  },
  "an unknown page": {
    path: "/nowhere",
    statuses: [404],
    reach: (page) => page.getByRole("heading", { name: "Nothing is here" }).waitFor(),
  },
  "the API's guide": { path: "/docs", reach: (page) => page.locator("#operations-rates-getRates").waitFor() },
  "an operation of the guide": {
    path: "/docs",
    async reach(page) {
      await page.locator("#operations-rates-getRates button.opblock-summary-control").click();
      await page.locator("#operations-rates-getRates button.execute").waitFor();
    },
  },
  "the list of problems": { path: "/docs/errors", reach: (page) => page.getByRole("heading").first().waitFor() },
};

const VIEWS: Readonly<Record<string, BrowserContextOptions>> = {
  "in light colours": {},
  "in dark colours": { colorScheme: "dark" },
  "on a phone": { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
};

describe("accessibility", function () {
  this.timeout(120_000);
  let browser: Browser;
  let site: Site;

  before(async function () {
    browser = await openBrowser(this);
    site = await openSite();
    await site.load("tests", "january.csv", [
      "CNSGH,NLRTM,2021-01-04,900",
      ...Array(3).fill("CNSGH,NLRTM,2021-01-03,1000"),
    ]);
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  for (const [view, options] of Object.entries(VIEWS)) {
    for (const [state, { path, statuses = [], reach }] of Object.entries(STATES)) {
      it(`has no fault that axe finds: ${state}, ${view}`, async () => {
        const { page, close } = await openPage(browser, site.address + path, { ...options, expected: statuses });
        await reach(page);
        expect(await faultsOf(page)).to.deep.equal([]);
        await close();
      });
    }
  }
});

/** What axe finds: the rule and the first element that breaks it. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations: axe.Result[] = await page.evaluate("axe.run().then(({ violations }) => violations)");
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0]?.html.slice(0, 200)}: ${nodes[0]?.failureSummary}`,
  );
}
