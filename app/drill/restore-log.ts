const LINES = 8;

interface Line {
  readonly level?: string;
  readonly msg?: string;
  readonly error?: string;
  readonly record?: { readonly error_severity?: string; readonly message?: string };
}

/** The last lines of a restore's log (CloudNativePG's, JSON) that say what is wrong. */
export function faultsInLog(log: string): string[] {
  return log.split("\n").flatMap(faultIn).slice(-LINES);
}

function faultIn(text: string): string[] {
  try {
    const { error, level, msg, record } = JSON.parse(text) as Line;
    if (record && /FATAL|ERROR|PANIC/.test(record.error_severity ?? "")) return [record.message ?? ""];
    return level === "error" ? [`${msg}${error ? `: ${error}` : ""}`] : [];
  } catch {
    return [];
  }
}
