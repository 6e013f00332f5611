// Makes the pictures of the page in docs/images, in light and dark: two lanes over a year, from the prices that `npm
// start` generates. `npm run pictures` builds and runs this; it needs Chromium (CHROMIUM_PATH, or where Debian puts
// it).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { until } from "../test/kit/until.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const QUESTION = "origin=china&destination=north_europe&lane=china:north_america_west&last=1y&mean=7";
const DAY_MS = 86_400_000;
/** The demo has a year of prices up to yesterday. */
const DEMO_DAYS = 365;

const data = await mkdtemp(join(tmpdir(), "ratesapp-pictures-"));
const demo = spawn(process.execPath, [join(root, "dist/main.js"), "demo"], {
  env: { ...process.env, DATA_DIRECTORY: data, PORT: "0", ADMIN_PORT: "0" },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(demo, "exit");
try {
  const address = await addressOfDemo();
  await yearIsThere(address);
  await takePictures(address);
} finally {
  demo.kill("SIGINT");
  await ended;
  await rm(data, { recursive: true, force: true });
}

/** The address that the demo prints when it serves. */
async function addressOfDemo(): Promise<string> {
  for await (const line of createInterface({ input: demo.stdout })) {
    const [, address] = /^\s+Rates\s+(http:\/\/[^/]+)/.exec(line) ?? [];
    if (address) {
      demo.stdout.resume();
      return address;
    }
  }
  throw new Error("The demo ended before it served.");
}

/** The demo serves when it has a month, and loads the months before meanwhile. */
async function yearIsThere(address: string): Promise<void> {
  const day = new Date(Date.now() - DEMO_DAYS * DAY_MS).toISOString().slice(0, 10);
  const query = `origin=china&destination=north_europe&date_from=${day}&date_to=${day}`;
  const hasPrices = async () => {
    const { rates } = (await (await fetch(`${address}/rates?${query}`)).json()) as {
      rates: { count: number | null }[];
    };
    return rates[0]?.count !== null;
  };
  await until("the whole year is loaded", hasPrices, { timeoutMs: 600_000, everyMs: 1000 });
}

async function takePictures(address: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1180, height: 1130 } });
      await page.goto(`${address}/?${QUESTION}`);
      await page.locator(".result:not(.result-old) tbody tr").first().waitFor();
      await page.screenshot({ path: join(root, `docs/images/rates-${colorScheme}.png`) });
      await page.close();
    }
  } finally {
    await browser.close();
  }
}
