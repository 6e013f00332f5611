import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Browser, Locator, Page } from "playwright-core";
import { openBrowser, openPage } from "./browser.js";
import { openSite, type Site } from "./site.js";
import { loadYear, TWO_LANES, YEAR } from "./year.js";

interface Rate {
  readonly day: string;
  readonly price: number | null;
  readonly count: number | null;
}

const A = "origin=CNSGH&destination=NLRTM";
const B = "origin=CNNBO&destination=SEGOT";

describe("lanes beside each other on the page of rates", function () {
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

  async function show(query = TWO_LANES, options = {}) {
    const opened = await openPage(browser, `${site.address}/?${query}`, options);
    await rows(opened.page).first().waitFor();
    return opened;
  }

  const ask = async (query: string): Promise<Rate[]> =>
    ((await (await fetch(`${site.address}/rates?${query}`)).json()) as { rates: Rate[] }).rates;

  it("shows a column for each lane, as the API answers for it", async () => {
    const { page, close } = await show();
    const [a, b] = [await ask(`${A}&${YEAR}`), await ask(`${B}&${YEAR}`)];
    const expected = a.map(({ price }, index) => [price, b[index]?.price ?? null]);
    expect(await readCells(page)).to.deep.equal(expected);
    expect(await page.locator("thead th").allInnerTexts()).to.have.length(3);
    expect(await page.title()).to.equal("Shanghai to Rotterdam, Ningbo to Göteborg · ratesapp");
    expect(await drawnLanes(page)).to.deep.equal([1, 2]);
    await close();
  });

  it("gives all lanes in one file of CSV", async () => {
    const { page, close } = await show();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download CSV" }).click(),
    ]);
    const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
    const [a, b] = [await ask(`${A}&${YEAR}`), await ask(`${B}&${YEAR}`)];
    expect(lines[0]).to.equal("day,CNSGH:NLRTM,CNNBO:SEGOT");
    expect(lines.slice(1)).to.deep.equal(
      a.map(({ day, price }, index) => [day, price, b[index]?.price].map((cell) => cell ?? "").join(",")),
    );
    expect(download.suggestedFilename()).to.equal("rates_CNSGH_NLRTM_CNNBO_SEGOT_2024-01-01_2024-12-31.csv");
    await close();
  });

  it("adds and removes a lane by keyboard, and the focus is where one goes on", async () => {
    const { page, close } = await show(`${A}&${YEAR}`);
    await page.getByRole("button", { name: "Compare with another lane" }).press("Enter");
    await page.waitForURL(/lane=CNSGH:/);
    // The new lane begins where the one before does, so that only its destination is missing.
    await page.keyboard.type("göteb");
    await page.keyboard.press("Enter");
    await page.waitForURL(/lane=CNSGH:SEGOT/);
    const from = page.getByRole("combobox", { name: "From, lane B" });
    await from.fill("ningbo");
    await from.press("Enter");
    await page.waitForURL(/lane=CNNBO:SEGOT/);
    await lanesAre(page, ["Shanghai to Rotterdam", "Ningbo to Göteborg"]);

    await page.getByRole("button", { name: "Remove lane A" }).press("Enter");
    await page.waitForURL(/origin=CNNBO&destination=SEGOT(?!.*lane)/);
    await page.getByRole("region", { name: "Rates from Ningbo to Göteborg" }).waitFor();
    expect(await focused(page)).to.include("Compare with another lane");
    await page.goBack();
    await lanesAre(page, ["Shanghai to Rotterdam", "Ningbo to Göteborg"]);
    await close();
  });

  it("takes at most as many lanes as there are colours", async () => {
    const { page, close } = await show(`${TWO_LANES}${"&lane=CNSGH:SEGOT".repeat(4)}`);
    expect(await page.locator(".lane-name").count()).to.equal(6);
    expect(await page.getByRole("button", { name: "Add a lane" }).count()).to.equal(0);
    await close();
  });

  it("shows the other lanes beside one that does not exist, and says so at its field", async () => {
    const { page, close } = await show(`${A}&lane=ATLAN:NLRTM&${YEAR}`, { expected: [400] });
    expect(await page.getByRole("alert").allTextContents()).to.deep.equal(["There is no port or region “ATLAN”."]);
    expect(await page.getByRole("combobox", { name: "From, lane B" }).getAttribute("aria-invalid")).to.equal("true");
    expect(await page.locator("tbody tr").count()).to.equal(366);
    await close();
  });

  it("indexes lanes to 100 on the first day that all of them have", async () => {
    const { page, close } = await show(`${A}&lane=CNNBO:SEGOT&date_from=2024-01-07&date_to=2024-01-14`);
    await page.getByLabel("Indexed to 100").check();
    await page.waitForURL(/index=100/);
    // 7 January 2024 is a Sunday, on which the second lane has no rate.
    await page.getByText("Index, 8 Jan 2024 = 100").waitFor();
    const cells = (await readCells(page)).reverse();
    expect(cells[1]).to.deep.equal([100, 100]);
    expect(cells[0]?.[1]).to.equal(null);
    const [a] = [(await ask(`${A}&date_from=2024-01-07&date_to=2024-01-14`)).reverse()];
    expect(cells[4]?.[0]).to.be.closeTo((100 * (a[4]?.price ?? 0)) / (a[1]?.price ?? 0), 1e-9);
    await page.reload();
    await rows(page).first().waitFor();
    expect((await readCells(page)).reverse()).to.deep.equal(cells);
    await close();
  });

  it("shows the mean of seven days beside each day, also after a reload", async () => {
    const { page, close } = await show(`${A}&date_from=2024-03-01&date_to=2024-03-31`);
    const before = await drawing(page);
    await page.getByLabel("7-day mean").check();
    await page.waitForURL(/mean=7/);
    await page.getByRole("columnheader", { name: "7-day mean" }).waitFor();
    expect(await drawing(page)).not.to.equal(before);
    await page.reload();
    await page.getByRole("columnheader", { name: "7-day mean" }).waitFor();
    // All days have as many prices, so that the mean is that of seven rates, the first ones of days before the range.
    const week = (await ask(`${A}&date_from=2024-02-24&date_to=2024-03-01`)).map(({ price }) => price ?? Number.NaN);
    const [, mean] = (await readCells(page)).at(-1) ?? [];
    expect(mean).to.be.closeTo(week.reduce((sum, price) => sum + price, 0) / 7, 1e-9);
    await close();
  });

  it("says how the latest rate differs from a week, a month and a year ago", async () => {
    const { page, close } = await show(`${A}&date_from=2024-12-01&date_to=2024-12-31`);
    const priceOf = async (day: string) => (await ask(`${A}&date_from=${day}&date_to=${day}`))[0]?.price ?? 0;
    const latest = await priceOf("2024-12-31");
    for (const [name, day] of [
      ["Past week", "2024-12-24"],
      ["Past month", "2024-11-30"],
      ["Past year", "2023-12-31"],
    ] as const) {
      const figure = page.locator("dl > div").filter({ has: page.getByText(name, { exact: true }) });
      const shown = Number.parseFloat((await figure.locator("dd").innerText()).replace("−", "-"));
      expect(shown, name).to.be.closeTo(100 * (latest / (await priceOf(day)) - 1), 0.051);
    }
    await close();
  });

  describe("a zoom", () => {
    it("follows the mouse across the chart, and goes back to the whole", async () => {
      const { page, close } = await show();
      const box = await boxOf(page.locator(".chart .u-over").first());
      await page.mouse.move(box.x + box.width * 0.25, box.y + 80);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 90, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL(/zoom=2024-0[34]-\d\d\.\.2024-0[67]-\d\d/);
      const zoomed = await rows(page).count();
      expect(zoomed).to.be.within(85, 98);
      expect(await page.getByLabel("Lane A from the API", { exact: true }).inputValue()).not.to.include("2024-12-31");
      await page.reload();
      await rows(page).first().waitFor();
      expect(await rows(page).count()).to.equal(zoomed);
      await page.getByRole("button", { name: "Whole range" }).click();
      await page.waitForURL((url) => !url.search.includes("zoom"));
      expect(await rows(page).count()).to.equal(366);
      await page.goBack();
      await page.waitForURL(/zoom=/);
      await close();
    });

    it("follows the keys, in the chart and at the handles under it", async () => {
      const { page, close } = await show();
      const first = page.getByRole("slider", { name: "First day shown" });
      await first.focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await page.waitForURL(/zoom=2024-01-03\.\.2024-12-31/);
      expect(await first.getAttribute("aria-valuetext")).to.equal("3 Jan 2024");
      await page.getByRole("slider", { name: "Last day shown" }).focus();
      // No handle passes the other: two days stay.
      await page.keyboard.press("Home");
      await page.waitForURL(/zoom=2024-01-03\.\.2024-01-04/);
      await page.keyboard.press("End");
      const chart = page.getByRole("slider", { name: "Rates from" });
      await chart.focus();
      await page.keyboard.press("+");
      await page.waitForURL(/zoom=2024-0[89]-\d\d\.\.2024-12-31|zoom=2024-10-\d\d\.\.2024-12-31/);
      await page.keyboard.press("-");
      await page.waitForURL((url) => !url.search.includes("zoom"));
      await close();
    });

    it("follows a finger at the handles, while a finger on the chart points at days", async () => {
      const { page, close } = await show(TWO_LANES, {
        viewport: { width: 360, height: 740 },
        isMobile: true,
        hasTouch: true,
      });
      const chart = page.locator(".chart .u-over").first();
      await chart.scrollIntoViewIfNeeded();
      await chart.tap();
      await page.locator(".tip").waitFor();
      const strip = page.locator(".zoom");
      await strip.scrollIntoViewIfNeeded();
      const box = await boxOf(strip);
      await drag(page, box.x + 12, box.x + box.width / 2, box.y + box.height / 2);
      await page.waitForURL(/zoom=2024-0[67]-\d\d\.\.2024-12-31/);
      await close();
    });
  });

  it("keeps a range of the last days as such, so that a shared link moves on with the days", async () => {
    const { page, close } = await openPage(browser, `${site.address}/?${A}&${YEAR}`);
    await page.getByRole("button", { name: "1 year" }).click();
    await page.waitForURL(/last=1y/);
    expect(page.url()).not.to.include("date_");
    await close();

    const later = await browser.newPage();
    await later.clock.setFixedTime(new Date("2024-08-15T12:00:00Z"));
    await later.goto(`${site.address}/?${A}&last=90d`);
    await rows(later).first().waitFor();
    expect(await later.getByLabel("First day", { exact: true }).inputValue()).to.equal("2024-05-18");
    expect(await later.getByRole("button", { name: "90 days" }).getAttribute("aria-pressed")).to.equal("true");
    await later.clock.setFixedTime(new Date("2024-08-16T12:00:00Z"));
    await later.reload();
    await rows(later).first().waitFor();
    expect(await later.getByLabel("Last day", { exact: true }).inputValue()).to.equal("2024-08-16");
    expect(await later.getByLabel("Link to this page", { exact: true }).inputValue()).to.equal(
      `${site.address}/?${A}&last=90d`,
    );
    await later.close();
  });

  it("fits the narrowest phones with six lanes and all that can stand beside them", async () => {
    const { page, close } = await show(
      `${TWO_LANES}${"&lane=CNSGH:SEGOT".repeat(4)}&mean=7&zoom=2024-02-01..2024-03-01`,
      {
        viewport: { width: 320, height: 640 },
        isMobile: true,
      },
    );
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.equal(320);
    await close();
  });

  it("has room for the table of two lanes, and for what the chart says of a day, on the narrowest phones", async () => {
    const { page, close } = await show(TWO_LANES, { viewport: { width: 320, height: 640 }, isMobile: true });
    const table = page.locator(".table-box");
    expect(await table.evaluate((element) => element.scrollWidth - element.clientWidth)).to.equal(0);
    const chart = page.getByRole("slider", { name: "Rates from" });
    await page.getByLabel("7-day mean").check();
    for (const key of ["Home", "End"]) {
      await chart.press(key);
      const { x, width } = await boxOf(page.locator(".tip"));
      expect(x, key).to.be.at.least(0);
      expect(x + width, key).to.be.at.most(320);
    }
    await close();
  });

  it("prints two lanes over a year, uncut, on at most six pages", async () => {
    const { page, close } = await show();
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    expect(pdf.match(/\/Type\s*\/Page[^s]/g)?.length).to.be.within(1, 6);
    await page.setViewportSize({ width: 720, height: 1000 });
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("html").evaluate((root) => root.scrollWidth)).to.be.at.most(720);
    for (const lane of ["Shanghai to Rotterdam", "Ningbo to Göteborg"])
      expect(await page.locator(".lane-name").filter({ hasText: lane }).isVisible(), lane).to.equal(true);
    await close();
  });
});

function rows(page: Page): Locator {
  return page.locator(".result:not(.result-old) tbody tr");
}

async function lanesAre(page: Page, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries())
    await page.locator(".result:not(.result-old) .lane-name").nth(index).filter({ hasText: name }).waitFor();
}

/** The values of each row of the table, as they are in the answer; null where a cell has none. */
function readCells(page: Page): Promise<(number | null)[][]> {
  return page.locator("tbody tr").evaluateAll((all) =>
    all.map((row) =>
      [...row.querySelectorAll("td")].map((cell) => {
        const value = cell.querySelector("data")?.value;
        return value ? Number(value) : null;
      }),
    ),
  );
}

function drawing(page: Page): Promise<string> {
  return page
    .locator(".chart canvas")
    .first()
    .evaluate((canvas) => canvas.toDataURL());
}

/** Which colours of lanes are on the canvas. */
function drawnLanes(page: Page): Promise<number[]> {
  return page
    .locator(".chart canvas")
    .first()
    .evaluate((canvas) => {
      const style = canvas.ownerDocument.defaultView.getComputedStyle(canvas.ownerDocument.documentElement);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set<string>();
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255)
          seen.add(`#${[0, 1, 2].map((channel) => data[at + channel].toString(16).padStart(2, "0")).join("")}`);
      return [1, 2, 3, 4, 5, 6].filter((lane) => seen.has(style.getPropertyValue(`--lane-${lane}`).trim()));
    });
}

function focused(page: Page): Promise<string> {
  return page.locator(":focus").innerText();
}

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error("not on the screen");
  return box;
}

/** Draws a finger sideways. */
async function drag(page: Page, from: number, to: number, y: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", x?: number) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: x === undefined ? [] : [{ x, y }] });
  await touch("touchStart", from);
  for (let step = 1; step <= 8; step++) await touch("touchMove", from + ((to - from) * step) / 8);
  await touch("touchEnd");
}
