import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { runRatesapp } from "../commands/ratesapp.js";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));

/** A database with the places and prices of the examples, loaded by the commands that users run. */
export async function loadExamples(): Promise<TestDatabase> {
  const database = await createDatabase();
  const places = ["--ports", `${EXAMPLES}/ports.csv`, "--regions", `${EXAMPLES}/regions.csv`];
  for (const args of [
    ["places", "import", ...places],
    ["ingest", "run", "--feed", "sea", "--source", `${EXAMPLES}/prices.csv`],
  ]) {
    const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(code, stderr).to.equal(0);
  }
  return database;
}
