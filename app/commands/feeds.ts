import { Command } from "commander";
import type { Feed } from "../operator/feed/feed.js";
import type { CurrentBatch, FeedBatch } from "../operator/feed/feed-status.js";
import { printable } from "../printable.js";
import { readSettings } from "../settings.js";
import { createLogger } from "../telemetry/logger.js";
import { argument, kubernetesName } from "./arguments.js";
import { writeColumns } from "./columns.js";
import { EXIT } from "./failure.js";
import { ProgressDisplay } from "./ingest-progress.js";
import { stopSignal } from "./stop-signal.js";

interface NamespaceOption {
  readonly namespace?: string;
}

/** `ratesapp feeds`: list and run, in the cluster of the kubeconfig. */
export function feedsCommand(): Command {
  return new Command("feeds")
    .description("See the Feeds of a Kubernetes namespace, and run one now.")
    .addCommand(listCommand())
    .addCommand(runCommand());
}

function listCommand(): Command {
  return inNamespace(new Command("list"))
    .description("The Feeds, with the state of each and its newest batch, as `kubectl get feeds` shows them.")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExamples:\n  ratesapp feeds list\n  ratesapp feeds list --namespace rates --json")
    .action(async ({ json, namespace }: NamespaceOption & { readonly json?: true }) => {
      const { listFeeds, api } = await openFeeds(namespace);
      const feeds = await listFeeds(api);
      console.log(
        json
          ? JSON.stringify(
              feeds.map(({ metadata, spec, status }) => ({ name: metadata.name, spec, status })),
              undefined,
              2,
            )
          : writeFeedTable(feeds),
      );
    });
}

function runCommand(): Command {
  return inNamespace(new Command("run"))
    .description("Start a run of a Feed at once and follow it to its end; Ctrl-C stops following, and the run goes on.")
    .argument("<name>", "of the Feed", argument("<name>", kubernetesName))
    .addHelpText(
      "after",
      `
Exit codes: 0 all batches are published or were so before, or nothing was new; 3 a delivery failed; 1 the run failed,
or the database does not answer. While pods of the run fail and others take their place, it says at which try the run is.

Example:
  ratesapp feeds run asia --namespace rates`,
    )
    .action(run);
}

const inNamespace = (command: Command): Command =>
  command.option("-n, --namespace <name>", "instead of that of the kubeconfig's context", kubernetesName);

/** Imported only here: most commands do not need the client of Kubernetes. */
async function openFeeds(namespace: string | undefined) {
  const [{ openKubernetes }, client] = await Promise.all([
    import("../operator/kubernetes/open-kubernetes.js"),
    import("../operator/feed-client.js"),
  ]);
  return { api: openKubernetes("ratesapp-feeds", namespace), ...client };
}

async function run(name: string, { namespace }: NamespaceOption): Promise<void> {
  const log = createLogger(readSettings());
  const { api, progressOf, runFeed } = await openFeeds(namespace);
  let current: CurrentBatch | undefined;
  let ended = 0;
  const display = new ProgressDisplay(async (id) => (current?.id === id ? progressOf(current) : undefined), log);
  try {
    const failure = await runFeed(
      api,
      name,
      {
        async onProgress(batch) {
          if (current && current.id !== batch.id) await display.end(current.id);
          if (current?.id !== batch.id) display.watch(batch.id, batch.source);
          current = batch;
        },
        onRun: ({ message, reason }) =>
          display.log[reason === "Retrying" ? "warn" : "info"]({ feed: name }, printable(message)),
        async onEnd(batch) {
          ended += 1;
          await display.end(batch.id);
          console.log(printable(outcomeOf(batch)));
          if (batch.state === "failed") process.exitCode = EXIT.badDelivery;
        },
      },
      stopSignal(),
    );
    if (failure === undefined) {
      if (ended === 0) console.log("Nothing new: each delivery that is there was loaded before.");
      return;
    }
    console.error(printable(failure.message));
    process.exitCode = failure.badDelivery ? EXIT.badDelivery : EXIT.failed;
  } finally {
    await display.endAll();
  }
}

function outcomeOf({ id, source, state, rows, badRows, failure }: FeedBatch): string {
  if (state === "failed") return `Batch ${id} (${source}) failed: ${failure}`;
  const left = badRows > 0 ? `; bad lines that were left out: ${badRows.toLocaleString("en-US")}` : "";
  return `Batch ${id} (${source}) is ${state}: ${rows.toLocaleString("en-US")} ${rows === 1 ? "price" : "prices"}${left}.`;
}

function writeFeedTable(feeds: readonly Feed[]): string {
  const header = ["NAME", "SCHEDULE", "STATE", "LAST BATCH", "ROWS", "NEXT RUN", "SOURCE", "MESSAGE"];
  const rows = feeds.map(({ metadata, spec, status }) => {
    const [last] = status?.batches ?? [];
    return [
      metadata.name,
      spec.schedule,
      status?.state ?? "",
      String(last?.id ?? ""),
      last?.rows.toLocaleString("en-US") ?? "",
      status?.nextRun ?? "",
      spec.source,
      status?.message ?? "",
    ].map(printable);
  });
  return writeColumns([header, ...rows], new Set([3, 4]));
}
