import type { Condition } from "../feed/feed-status.js";

/** Whether a condition holds, and why. */
export type Finding = Pick<Condition, "status" | "reason" | "message">;

export const yes = (reason: string, message: string): Finding => ({ status: "True", reason, message });
export const no = (reason: string, message: string): Finding => ({ status: "False", reason, message });
export const unknown = (reason: string, message: string): Finding => ({ status: "Unknown", reason, message });
