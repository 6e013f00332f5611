import { expect } from "chai";
import type { Browser } from "playwright-core";
import { useApi } from "../kit/api.js";
import { deliver } from "../kit/batches.js";
import { SAMPLE_PLACES } from "../kit/places.js";
import { openBrowser, openPage } from "./browser.js";

describe("the documentation in a browser", function () {
  this.timeout(60_000);
  const api = useApi(SAMPLE_PLACES);
  let browser: Browser;

  before(async function () {
    browser = await openBrowser(this);
    const prices = [{ origin: "CNSGH", destination: "NLRTM", day: "2021-01-31", price: 100 }];
    await deliver(api.database, { prices });
  });

  after(() => browser?.close());

  it("shows every path and sends a request that a reader tries, under its content security policy", async () => {
    const { page, close } = await openPage(browser, `${api.server.apiUrl}/docs`);
    await page.locator("#operations-rates-getRates").waitFor();
    for (const id of ["listPorts", "listRegions"]) await page.locator(`#operations-places-${id}`).waitFor();
    for (const operation of ["rates-getRates", "places-listPorts"]) {
      await page.locator(`#operations-${operation} button.opblock-summary-control`).click();
      await page.locator(`#operations-${operation} button.execute`).click();
      const answer = page.locator(`#operations-${operation} .live-responses-table tbody .response-col_status`).first();
      await answer.waitFor();
      expect(await answer.innerText(), operation).to.match(/^200/);
    }
    await close();
  });

  it("explains each problem where its type points to", async () => {
    const { page, close } = await openPage(browser, `${api.server.apiUrl}/docs/errors#range-too-long`);
    expect(await page.locator("h2:target").innerText()).to.equal("400 Range too long");
    // Its style is allowed by hash: were that wrong, the page would be as wide as the window.
    expect(await page.locator("body").evaluate((body) => body.getBoundingClientRect().width)).to.be.lessThan(900);
    await close();
  });
});
