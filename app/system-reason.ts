import { getSystemErrorMap } from "node:util";

/** What the system says of a call that it refused, without the call: "no such file or directory". */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}
