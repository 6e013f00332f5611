import { expect } from "chai";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { useApi } from "../../kit/api.js";

/** What a client does with the answer to an operation, whatever forms the document says that it has. */
const USE = `
import type { operations } from "./client.js";

type Answer<Id extends keyof operations> = operations[Id] extends
  { responses: { 200: { content: infer Content } } } ? Content[keyof Content] : never;
type Query<Id extends keyof operations> = operations[Id] extends { parameters: { query?: infer Query } } ? Query : never;

declare const rates: Answer<"getRates">;
export const price: number | null | undefined = rates.rates[0]?.price;
declare const csv: Answer<"getRatesCsv">;
export const lines: string[] = csv.split("\\r\\n");
declare const lanes: Answer<"getLanes">;
export const week: string | undefined = lanes.lanes[0]?.rates[0]?.last_day;
export const asked: Query<"getLanes"> = {
  lanes: "CNSGH:NLRTM,china:europe", date_from: "2021-01-01", date_to: "2021-03-31", interval: "week",
};
declare const ports: Answer<"listPorts">;
declare const port: Answer<"getPort">;
export const country: string | undefined = [...ports.ports, port][0]?.country?.name;
declare const batch: Answer<"getBatch">;
export const state: "published" | string = batch.state;

export const page: Query<"listPorts"> = { limit: 10 };
export const key: operations["openBatch"]["parameters"]["header"] = { "Idempotency-Key": "asia-1" };
`;

/** Three mistakes: a limit is a number, /rates has no CSV, and there is no interval of a year. */
const MISUSE = `
import type { operations } from "./client.js";
export const page: operations["listPorts"]["parameters"]["query"] = { limit: "10" };
export const csv: operations["getRates"]["responses"][200]["content"]["text/csv"] = "";
export const interval: NonNullable<operations["getRates"]["parameters"]["query"]["interval"]> = "year";
`;

describe("a client that openapi-typescript generates from the document", function () {
  this.timeout(60_000);
  const api = useApi();
  let client: string;

  before(async () => {
    client = astToString(await openapiTS(new URL(`${api.server.apiUrl}/openapi.json`)));
  });

  it("knows that /rates answers with rates, and needs no look at what came", () => {
    expect(mistakesOf(client, USE)).to.deep.equal([]);
  });

  it("refuses what the service would, so that the check above means something", () => {
    expect(mistakesOf(client, MISUSE)).to.have.length(3);
  });
});

/** Type-checks two modules that stand in memory. */
function mistakesOf(client: string, use: string): string[] {
  const modules: Readonly<Record<string, string>> = { "/client.ts": client, "/use.ts": use };
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es5.d.ts"],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, target) =>
    modules[name] === undefined
      ? getSourceFile.call(host, name, target)
      : ts.createSourceFile(name, modules[name], target);
  host.fileExists = (name) => modules[name] !== undefined || fileExists.call(host, name);
  host.readFile = (name) => modules[name] ?? readFile.call(host, name);
  const program = ts.createProgram(["/use.ts"], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
