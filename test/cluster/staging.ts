import { expect } from "chai";
import { days } from "./deliveries/deliveries.js";
import { Oracle, type Rate } from "./deliveries/oracle.js";
import { deliveriesServer, idlePod } from "./helper-pods.js";
import { apply, exec, get, kubectl, node, pods } from "./kubectl.js";
import { IMAGE, stagingSettings, store } from "./settings.js";
import { Stack } from "./stack.js";
import { until } from "./until.js";

// The one staging stack of a run, which the test files bring up, use, change and destroy, in their order.

export const WORKLOADS = "ratesapp-staging";
export const DATABASE = "ratesapp-staging-database";
/** Of the test's own pods: outsiders to the stack. */
export const OUTSIDE = "ratesapp-test";
export const API_PODS = "app.kubernetes.io/component=api";
export const PRICES = 4_000_000;

let made: Promise<Stack> | undefined;

/**
 * The stack: configured and not there yet the first time. RATESAPP_STACK=FOLDER goes on with that of an earlier run.
 */
export function staging(): Promise<Stack> {
  made ??= process.env.RATESAPP_STACK ? Promise.resolve(Stack.open("staging", process.env.RATESAPP_STACK)) : make();
  return made;
}

export const currentContext = async (): Promise<string> => (await kubectl(["config", "current-context"])).trim();

async function make(): Promise<Stack> {
  const crds = await get<{ items: { metadata: { name: string } }[] }>("crd");
  const monitored = crds.items.some(({ metadata }) => metadata.name === "podmonitors.monitoring.coreos.com");
  await kubectl(["delete", "namespace", OUTSIDE, "--ignore-not-found"]);
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: OUTSIDE } });
  await apply(...deliveriesServer(IMAGE, OUTSIDE, PRICES), idlePod(IMAGE, OUTSIDE, "outsider", {}));
  const stack = await Stack.create("staging");
  console.log(`    RATESAPP_STACK=${stack.folder} goes on with this stack`);
  stack.configure(stagingSettings(await currentContext(), OUTSIDE, monitored));
  if (store) {
    const { CLUSTER_S3_ACCESS_KEY = "local", CLUSTER_S3_SECRET_KEY = "local-secret" } = process.env;
    await stack.set("backupCredentials.accessKeyId", CLUSTER_S3_ACCESS_KEY, "secret");
    await stack.set("backupCredentials.secretAccessKey", CLUSTER_S3_SECRET_KEY, "secret");
  }
  return stack;
}

/** A statement on an instance, as its superuser from inside the pod. */
export const psql = async (pod: string, statement: string): Promise<string> =>
  (await exec(DATABASE, pod, "postgres", "psql", "-XAtq", "-d", "ratesapp", "-c", statement)).trim();

export const instances = async (role: "primary" | "replica", cluster = "ratesapp"): Promise<string[]> =>
  (await pods(DATABASE, `cnpg.io/cluster=${cluster},cnpg.io/instanceRole=${role}`)).map(
    ({ metadata }) => metadata.name,
  );

export const primary = (cluster = "ratesapp"): Promise<string> =>
  until("there is one primary", 60_000, async () => {
    const names = await instances("primary", cluster);
    return names.length === 1 ? names[0] : undefined;
  });

/** What the operator says of the database. */
export const databaseStatus = async (): Promise<{ phase: string; readyInstances: number }> => {
  type Cluster = { status: { phase: string; readyInstances: number } };
  return (await get<Cluster>("cluster.postgresql.cnpg.io", "ratesapp", "-n", DATABASE)).status;
};

/** The password in a URL, or the superuser's. */
export async function databaseUrl(purpose: string): Promise<URL> {
  const { data } = await get<{ data: { url: string } }>("secret", `ratesapp-database-${purpose}`, "-n", WORKLOADS);
  return new URL(Buffer.from(data.url, "base64").toString());
}

export async function superuserPassword(): Promise<string> {
  const { data } = await get<{ data: { password: string } }>("secret", "ratesapp-admin", "-n", DATABASE);
  return Buffer.from(data.password, "base64").toString();
}

/** Origin, destination, first and last day. */
export type Question = readonly [origin: string, destination: string, from: string, to: string];

/** Ports and regions of each level, on either side. */
export const questions: readonly Question[] = [
  ["XAAAA", "XAAAB", days[0] ?? "", days[5] ?? ""],
  ["side_0_coast_1", "XAAAZ", days[3] ?? "", days[39] ?? ""],
  ["world", "side_2", days[0] ?? "", days[39] ?? ""],
];

export const pathOf = ([origin, destination, from, to]: Question): string =>
  `/rates?date_from=${from}&date_to=${to}&origin=${origin}&destination=${destination}`;

/** The answer to a question, asked in the cluster through the Service. */
export async function ask(question: Question): Promise<Rate[]> {
  const url = `http://ratesapp.${WORKLOADS}.svc${pathOf(question)}`;
  const text = await node(OUTSIDE, "outsider", "main", `console.log(await (await fetch("${url}")).text())`);
  return (JSON.parse(text) as { rates: Rate[] }).rates;
}

let oracle: Oracle | undefined;

/** Holds an answer against the delivery. */
export function expectRates(rates: readonly Rate[], question: Question): void {
  oracle ??= new Oracle(PRICES);
  const expected = oracle.rates(...question);
  const withoutPrice = ({ count, day }: Rate) => ({ count, day });
  expect(rates.map(withoutPrice)).to.deep.equal(expected.map(withoutPrice));
  for (const [index, { price }] of expected.entries()) {
    if (price === null) expect(rates[index]?.price).to.equal(null);
    else expect(rates[index]?.price).to.be.closeTo(price, 1e-6);
  }
}
