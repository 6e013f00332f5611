import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";

interface Rate {
  readonly day: string;
  readonly price: number | null;
  readonly count: number | null;
}

describe("the page of rates", function () {
  this.timeout(60_000);
  let browser: Browser;
  let site: Site;

  before(async function () {
    browser = await openBrowser(this);
    site = await openSite();
    await site.load("tests", "january.csv", january());
  });

  after(async () => {
    await browser?.close();
    await site?.close();
  });

  const QUESTION = "origin=CNSGH&destination=north_europe&date_from=2021-01-01&date_to=2021-01-10";
  const show = (query = QUESTION, options = {}) => openPage(browser, `${site.address}/?${query}`, options);
  const ask = async (query = QUESTION): Promise<Rate[]> =>
    ((await (await fetch(`${site.address}/rates?${query}`)).json()) as { rates: Rate[] }).rates;

  it("shows the API's answer as a table, newest first", async () => {
    const { page, close } = await show();
    expect(await readTable(page)).to.deep.equal(await ask());
    const counts = (await readTable(page)).map(({ count }) => count);
    expect(counts).to.deep.equal([6, null, 1, 3, 4, 4, 2, null, 3, 5]);
    expect(await page.title()).to.equal("Shanghai to North Europe · ratesapp");
    await close();
  });

  it("draws every day, and nothing where a day has fewer than three prices", async () => {
    const { page, close } = await show();
    const chart = page.getByRole("slider", { name: "Rates from" });
    await chart.focus();
    await page.keyboard.press("Home");
    const said: (string | null)[] = [];
    const drawn: number[] = [];
    const oldestFirst = (await ask()).reverse();
    for (const _ of oldestFirst) {
      said.push(await chart.getAttribute("aria-valuetext"));
      // The accent's line, its dots or the fill under it leave ink in the column of a day with a rate only.
      drawn.push(await inkUnderCursor(page));
      await page.keyboard.press("ArrowRight");
    }
    for (const [index, { day, price, count }] of oldestFirst.entries()) {
      const text = said[index] ?? "";
      expect(text, day).to.include(`${Number(day.slice(8))} Jan 2021`);
      if (price === null) expect(text, day).to.include("no rate");
      else expect(text, day).to.include(`$${Math.round(price).toLocaleString("en-US")}`);
      expect(text, day).to.include(count === null ? "no prices" : `${count} price`);
      expect((drawn[index] ?? 0) > 0, `${day} drawn`).to.equal(price !== null);
    }
    await close();
  });

  it("is worked with the keyboard alone", async () => {
    const { page, close } = await openPage(browser, `${site.address}/?date_from=2021-01-01&date_to=2021-01-10`);
    await page.getByRole("heading", { name: "Where from, and where to?" }).waitFor();
    await tabTo(page, "From");
    await page.keyboard.type("shangh");
    expect(await page.getByRole("option").allTextContents()).to.have.length(1);
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).searchParams.get("origin")).to.equal("CNSGH");

    await tabTo(page, "To");
    // The tree opens with the arrows: China, its two ports, then North Europe.
    for (let step = 0; step < 2; step++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    expect(new URL(page.url()).searchParams.get("destination")).to.equal(null);
    await page.keyboard.type("north eu");
    await page.keyboard.press("Tab");
    await page.getByRole("slider", { name: "Rates from" }).waitFor();
    expect(new URL(page.url()).searchParams.get("destination")).to.equal("north_europe");
    expect(await readTable(page)).to.deep.equal(await ask());
    await close();
  });

  it("follows the practices for an editable combobox with a listbox", async () => {
    const { page, close } = await show();
    const from = page.getByRole("combobox", { name: "From" });
    await from.click();
    expect(await from.getAttribute("aria-expanded")).to.equal("true");
    const list = page.locator(`[id="${await from.getAttribute("aria-controls")}"]`);
    expect(await list.getAttribute("role")).to.equal("listbox");
    await from.fill("CNNBO");
    const active = page.locator(`[id="${await from.getAttribute("aria-activedescendant")}"]`);
    expect(await active.textContent())
      .to.include("Ningbo")
      .and.to.include("China");
    expect(await page.getByRole("option", { selected: true }).count()).to.equal(0);
    await from.fill("atlantis");
    expect(await page.getByText("No port or region matches").isVisible()).to.equal(true);
    await page.keyboard.press("Escape");
    expect(await from.getAttribute("aria-expanded")).to.equal("false");
    expect(await from.inputValue()).to.equal("Shanghai");
    await close();
  });

  it("keeps the question in the address: reload gives the same, back and forward work", async () => {
    const { page, close } = await show();
    const first = await readTable(page);
    await page.getByRole("button", { name: "Swap" }).click();
    await page.waitForURL(/origin=north_europe&destination=CNSGH/);
    await page.getByRole("region", { name: "Rates from North Europe to Shanghai" }).waitFor();
    const second = await readTable(page);
    expect(second).to.deep.equal(await ask(new URL(page.url()).search.slice(1)));
    expect(second).not.to.deep.equal(first);

    await page.reload();
    await page.getByRole("region", { name: "Rates from North Europe to Shanghai" }).waitFor();
    expect(await readTable(page)).to.deep.equal(second);
    await page.goBack();
    await page.getByRole("region", { name: "Rates from Shanghai to North Europe" }).waitFor();
    expect(await readTable(page)).to.deep.equal(first);
    await page.goForward();
    await page.getByRole("region", { name: "Rates from North Europe to Shanghai" }).waitFor();
    expect(await readTable(page)).to.deep.equal(second);
    await close();
  });

  it("changes the days by hand, and to the last days", async () => {
    const { page, close } = await show();
    await readTable(page);
    await page.getByLabel("First day", { exact: true }).fill("2021-01-05");
    await page.waitForURL(/date_from=2021-01-05&date_to=2021-01-10/);
    await page.getByText("Tue, 5 Jan 2021").waitFor();
    expect(await page.locator("tbody tr").count()).to.equal(6);
    const days = page.getByRole("button", { name: "30 days" });
    expect(await days.getAttribute("aria-pressed")).to.equal("false");
    await days.click();
    await page.waitForURL(/last=30d/);
    expect(await days.getAttribute("aria-pressed")).to.equal("true");
    const today = new Date().toISOString().slice(0, 10);
    expect(await page.getByLabel("Last day", { exact: true }).inputValue()).to.equal(today);
    await close();
  });

  it("says at the field what is wrong, once and in words for people", async () => {
    const days = "date_from=2021-01-01&date_to=2021-01-10";
    for (const [query, said] of [
      [`origin=ATLAN&destination=NLRTM&${days}`, "There is no port or region “ATLAN”."],
      ["origin=CNSGH&destination=NLRTM&date_from=2021-02-30&date_to=2021-03-01", "“2021-02-30” is not a day."],
      ["origin=CNSGH&destination=NLRTM&date_from=2021-03-02&date_to=2021-03-01", "The first day is after the last."],
      ["origin=CNSGH&destination=NLRTM&date_from=2020-01-01&date_to=2021-03-01", "A range has at most 366 days."],
    ] as const) {
      const { page, close } = await show(query, { expected: [400] });
      await page.getByRole("alert").waitFor();
      expect(await page.getByRole("alert").allTextContents(), query).to.deep.equal([said]);
      expect(await page.locator("[aria-invalid]").count(), query).to.equal(1);
      await close();
    }
  });

  it("takes the right place instead of an unknown one", async () => {
    const { page, close } = await show("origin=ATLAN&destination=NLRTM&date_from=2021-01-01&date_to=2021-01-10", {
      expected: [400],
    });
    const from = page.getByRole("combobox", { name: "From" });
    await page.getByRole("alert").waitFor();
    expect(await from.inputValue()).to.equal("ATLAN");
    await from.fill("CNSGH");
    await page.keyboard.press("Enter");
    await page.getByRole("slider", { name: "Rates from" }).waitFor();
    expect(await page.getByRole("alert").count()).to.equal(0);
    await close();
  });

  it("prints a year with its range, uncut, on at most four pages", async () => {
    const { page, close } = await show("origin=CNSGH&destination=north_europe&date_from=2021-01-01&date_to=2021-12-31");
    await readTable(page);
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page[^s]/g)?.length).to.be.within(1, 4);
    await page.setViewportSize({ width: 720, height: 1000 });
    await page.emulateMedia({ media: "print" });
    expect(await page.getByText("1 Jan 2021 to 31 Dec 2021").first().isVisible()).to.equal(true);
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.be.at.most(720);
    await close();
  });

  it("fits the narrowest phones", async () => {
    const { page, close } = await show(QUESTION, { viewport: { width: 320, height: 640 }, isMobile: true });
    await readTable(page);
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.equal(320);
    const box = page.locator(".table-box");
    expect(await box.evaluate((element) => element.scrollWidth - element.clientWidth)).to.equal(0);
    await close();
  });

  it("leaves nothing of what stood there while it loaded", async () => {
    const { page, close } = await show("");
    await page.getByRole("heading", { name: "Where from, and where to?" }).waitFor();
    expect(await page.locator(".question").count()).to.equal(1);
    await page.getByRole("link").filter({ hasText: "China" }).first().click();
    await page.getByRole("combobox", { name: "From" }).waitFor();
    expect(await page.locator(".question").count()).to.equal(1);
    await close();
  });

  it("goes to the latest prices from a range that has none", async () => {
    const { page, close } = await show("origin=CNSGH&destination=NLRTM&date_from=2022-06-01&date_to=2022-06-10");
    await page.getByRole("button", { name: "Go to the latest prices" }).click();
    await page.waitForURL(/date_from=2021-01-01&date_to=2021-01-10/);
    await page.getByRole("slider", { name: "Rates from" }).waitFor();
    await close();
  });

  it("gives the address to copy and the answer as CSV", async () => {
    const { page, close } = await show();
    const address = await page.getByLabel("The same from the API", { exact: true }).inputValue();
    expect(address).to.equal(`${site.address}/rates?${QUESTION}`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download CSV" }).click(),
    ]);
    const csv = await (await fetch(address, { headers: { Accept: "text/csv" } })).text();
    expect(await readFile(await download.path(), "utf8")).to.equal(csv);
    expect(download.suggestedFilename()).to.equal("rates_CNSGH_north_europe_2021-01-01_2021-01-10.csv");
    await close();
  });

  it("fits a phone", async () => {
    const { page, close } = await show(QUESTION, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    await readTable(page);
    await page.getByRole("combobox", { name: "To" }).tap();
    await page.getByRole("option").first().waitFor();
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.equal(360);
    await page.getByRole("option", { name: "Rotterdam" }).tap();
    await page.waitForURL(/destination=NLRTM/);
    await close();
  });

  it("takes on the system's dark colours, also in the drawing", async () => {
    const { page, close } = await show();
    await readTable(page);
    const body = page.locator("body");
    const canvas = page.locator("canvas").first();
    const look = async () => ({
      colours: await body.evaluate((element) => {
        const { backgroundColor, color } = element.ownerDocument.defaultView.getComputedStyle(element);
        return { backgroundColor, color };
      }),
      drawing: await canvas.evaluate((element) => element.toDataURL()),
    });
    const light = await look();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await look();
    expect(dark.colours.backgroundColor).not.to.equal(light.colours.backgroundColor);
    expect(dark.colours.color).not.to.equal(light.colours.color);
    expect(dark.drawing).not.to.equal(light.drawing);
    await close();
  });

  it("has assets that a browser may keep for ever", async () => {
    const { page, requests, close } = await show();
    await readTable(page);
    const assets = new Set(requests.filter((url) => url.includes("/assets/")));
    expect(assets.size).to.be.greaterThan(2);
    for (const url of assets) {
      expect((await fetch(url)).headers.get("Cache-Control"), url).to.include("immutable");
    }
    await close();
  });
});

/** Ten days with 0 to 6 prices each, from Shanghai to two ports of North Europe and back. */
function january(): string[] {
  const counts = [5, 3, 0, 2, 4, 4, 3, 1, 0, 6];
  return counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, number) => {
      const day = `2021-01-${String(index + 1).padStart(2, "0")}`;
      const price = 1000 + 10 * index + 7 * number;
      const port = number % 2 === 0 ? "NLRTM" : "SEGOT";
      return [`CNSGH,${port},${day},${price}`, `${port},CNSGH,${day},${price - 500}`];
    }).flat(),
  );
}

/** The rows of the table as the API would write them. */
async function readTable(page: Page): Promise<Rate[]> {
  await page.locator(".result:not(.result-old) tbody tr").first().waitFor();
  const days = await page.locator("tbody time").evaluateAll((times) => times.map((time) => time.dateTime as string));
  // An empty value stands for null in either column; the rate's cell holds no value then.
  const cells = await page
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.cells].slice(1).map((cell) => cell.querySelector("data")?.value as string | undefined)),
    );
  return days.map((day, index) => {
    const [price, count] = cells[index] ?? [];
    return { count: count ? Number(count) : null, day, price: price ? Number(price) : null };
  });
}

/** Moves the focus with Tab until the combobox of that label has it. */
async function tabTo(page: Page, label: string): Promise<void> {
  const wanted = page.getByRole("combobox", { name: label });
  for (let presses = 0; presses < 30; presses++) {
    if (await wanted.evaluate((input) => input === input.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${label}`);
}

/** Pixels of the rate's line or dot on the canvas, in the column that the cursor stands on. */
async function inkUnderCursor(page: Page): Promise<number> {
  return page
    .locator(".uplot")
    .first()
    .evaluate((plot) => {
      const canvas = plot.querySelector("canvas");
      const box = canvas.getBoundingClientRect();
      const column = plot.querySelector(".u-cursor-x").getBoundingClientRect().left - box.left;
      const at = Math.round(column * (canvas.width / box.width));
      const pixels: Uint8ClampedArray = canvas.getContext("2d").getImageData(at, 0, 1, canvas.height).data;
      // The accent is far more blue than red; the grid is grey, and the wash under the line is nearly clear.
      let ink = 0;
      for (let pixel = 0; pixel < pixels.length; pixel += 4) {
        const [red = 0, , blue = 0, alpha = 0] = pixels.subarray(pixel, pixel + 4);
        if (blue - red > 60 && alpha > 100) ink++;
      }
      return ink;
    });
}
