import { getSystemErrorMap } from "node:util";

/** Why the operating system refused a call, without the name of the call: "no such file or directory". */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
}
