import { z } from "zod";
import { bytes, CPU_QUANTITY, MEMORY_QUANTITY } from "./quantity.js";

export const cpu = z.string().regex(CPU_QUANTITY, 'must be a number of cores such as "500m" or "2"');

/** A quantity of bytes, at least `least`. */
export const memory = (least = "1Mi") =>
  z
    .string()
    .regex(MEMORY_QUANTITY, 'must be a number of bytes such as "512Mi" or "20Gi"')
    .refine((text) => !MEMORY_QUANTITY.test(text) || bytes(text) >= bytes(least), `must be at least ${least}`);

const quantities = z.strictObject({ cpu, memory: memory() });

/** Requests and limits of a container; both, always. */
export const resources = z.strictObject({ requests: quantities, limits: quantities });

export type Resources = z.output<typeof resources>;
