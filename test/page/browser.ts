import { existsSync } from "node:fs";
import { expect } from "chai";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { skipBecause } from "../kit/skip.js";

/** Where Debian puts it; CHROMIUM_PATH names another. */
const EXECUTABLE = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** Root may not sandbox, and everything that a browser asks its maker for by itself is off. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
];

/** A browser; skips where there is none to start. */
export async function openBrowser(context: Mocha.Context): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) skipBecause(context, `no browser at ${EXECUTABLE} (apt-get install chromium)`);
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** A tab that keeps what must never happen: requests to other hosts, errors, blocked content. */
export interface WatchedPage {
  readonly page: Page;
  readonly requests: string[];
  readonly faults: string[];
  /** Fails if anything was asked of another host, or any fault was seen; then closes the tab. */
  close(): Promise<void>;
}

/**
 * @param expected statuses of answers that a test provokes; the browser logs each by itself.
 */
export async function openPage(
  browser: Browser,
  address: string,
  { expected = [], ...options }: BrowserContextOptions & { expected?: readonly number[] } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const faults: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  // A violation of the content security policy arrives here as an error too.
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const status = /server responded with a status of (\d+)/.exec(message.text())?.[1];
    if (!status || !expected.includes(Number(status))) faults.push(message.text());
  });
  await page.goto(address);
  const { origin } = new URL(address);
  return {
    page,
    requests,
    faults,
    async close() {
      await context.close();
      expect(
        requests.filter((url) => new URL(url).origin !== origin && !url.startsWith(`blob:${origin}/`)),
      ).to.deep.equal([]);
      expect(faults).to.deep.equal([]);
    },
  };
}
