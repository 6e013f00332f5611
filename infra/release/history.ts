import { alignColumns } from "../align-columns.js";
import type { Release } from "./record.js";

/** The releases as a table, newest first. */
export function historyOf(releases: readonly Release[]): string {
  if (releases.length === 0) return "There was no release yet.";
  const rows = [...releases]
    .reverse()
    .map((one) => [
      one.at.slice(0, 19).replace("T", " "),
      took(one),
      one.image,
      one.kind === "rollback" ? "rollback" : "",
      one.end?.outcome ?? `under way: ${one.step}`,
      one.by,
      one.end?.outcome === "released" ? "" : brief(one.reason ?? ""),
    ]);
  return alignColumns(rows);
}

/** Of several lines, such as those of Pulumi, the first says what it is about, or the second after a colon. */
function brief(reason: string): string {
  const [first = "", second = ""] = reason.split("\n");
  return first.endsWith(":") ? `${first} ${second}` : first;
}

/** `4m12s` */
function took({ at, end }: Release): string {
  if (!end) return "";
  const seconds = Math.round((Date.parse(end.at) - Date.parse(at)) / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

/**
 * Prints how a release ended, and what can be done next.
 * @param hoped the outcome that was asked for.
 * @returns the exit code.
 */
export function resultOf(stack: string, release: Release | undefined, hoped: "released" | "aborted"): number {
  const next = (options: string) => `npm run release -- --stack ${stack} ${options}`;
  if (!release) {
    console.log("No release is under way.");
    return hoped === "aborted" ? 1 : 0;
  }
  const { before, by, end, image, reason } = release;
  if (!end) {
    console.log(`
NOT ENDED: the process of ${by} is gone, in the middle of the release of ${image}.
Go on: ${next(`--image ${image}`)}
Back to ${before}: ${next("--abort")}`);
    return 1;
  }
  if (end.outcome === "released") {
    console.log(`\nRELEASED: ${image} runs, since ${end.at}.\nBack to ${before}: ${next("--rollback")}`);
  } else {
    console.log(`\n${end.outcome.toUpperCase()}: ${before} runs as before, since ${end.at}.\n${image}: ${reason}`);
  }
  return end.outcome === hoped ? 0 : 1;
}
