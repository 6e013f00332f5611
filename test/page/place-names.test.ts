import { expect } from "chai";
import type { Browser } from "playwright-core";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";

describe("the search for places on the page", function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;

  before(async function () {
    browser = await openBrowser(this);
    site = await openSite();
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  it("finds ports by their country and by other names, with or without accents", async () => {
    const { page, close } = await openPage(browser, `${site.address}/`);
    const from = page.getByRole("combobox", { name: "From" });
    await from.waitFor();
    for (const [typed, found] of [
      ["netherlands", ["Rotterdam"]],
      ["holland", ["Rotterdam"]],
      ["sweden", ["Göteborg"]],
      ["göteborg", ["Göteborg"]],
      ["goteborg", ["Göteborg"]],
      ["gothenburg", ["Göteborg (Gothenburg)"]],
      ["ningbo china", ["Ningbo"]],
      ["usa", []],
    ] as const) {
      await from.fill(typed);
      await page
        .locator("[role=status]")
        .filter({ hasText: `${found.length} place` })
        .first()
        .waitFor();
      expect(await page.getByRole("option").locator(".place-name").allInnerTexts(), typed).to.deep.equal(found);
    }
    await close();
  });
});
