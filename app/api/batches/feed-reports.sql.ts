import { type NoParams, statement } from "../../database/statement.js";

/** What the operator says of a Feed in Kubernetes. */
export interface FeedReport {
  readonly feed: string;
  readonly state: string;
  readonly message: string;
  readonly next_run: Date | null;
  readonly reported_at: Date;
}

export const readReports = statement<NoParams, FeedReport>(`
  SELECT feed, state, message, next_run, reported_at FROM feed_reports ORDER BY feed`);
