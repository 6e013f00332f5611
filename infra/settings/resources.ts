import { z } from "zod";
import { bytes, CPU_QUANTITY, MEMORY_QUANTITY, millicores } from "./quantity.js";

/** Accepts a number too: YAML and `pulumi config set --path` turn `2` into a number, and Kubernetes accepts that. */
const quantity = (text: z.ZodType<string>) =>
  z.preprocess((value) => (typeof value === "number" ? String(value) : value), text);

/** A quantity of CPU, such as `500m`. */
export const cpu = quantity(z.string().regex(CPU_QUANTITY, 'must be a number of cores such as "500m" or "2"'));

/** A quantity of bytes, at least `least`. */
export const memory = (least = "1Mi") =>
  quantity(
    z
      .string()
      .regex(MEMORY_QUANTITY, 'must be a number of bytes such as "512Mi" or "20Gi"')
      .refine((text) => !MEMORY_QUANTITY.test(text) || bytes(text) >= bytes(least), `must be at least ${least}`),
  );

const quantities = z.strictObject({ cpu, memory: memory() });

/** Requests and limits of a container. Both are required. */
export const resources = z
  .strictObject({ requests: quantities, limits: quantities })
  .refine(({ limits, requests }) => millicores(requests.cpu) <= millicores(limits.cpu), {
    path: ["requests", "cpu"],
    message: "is more than limits.cpu",
  })
  .refine(({ limits, requests }) => bytes(requests.memory) <= bytes(limits.memory), {
    path: ["requests", "memory"],
    message: "is more than limits.memory",
  });

export type Resources = z.output<typeof resources>;
