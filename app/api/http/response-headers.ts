/**
 * Headers of answers and their description in the OpenAPI document. `always`: every answer that declares the header has
 * it.
 */
export const responseHeaders = {
  "Dataset-Version": {
    description: "Grows with every change of the data; equal versions, equal answers.",
    type: "integer",
    always: true,
  },
  ETag: { description: "For If-None-Match.", type: "string", always: true },
  Location: { description: "Path of the batch.", type: "string", always: true },
  "Server-Timing": { description: "Where the time went, in milliseconds.", type: "string", always: true },
  "X-Request-Id": {
    description: "The client's own if it sent one, else a new one.",
    type: "string",
    always: true,
  },
  "Retry-After": { description: "Seconds until another try makes sense.", type: "string", always: true },
  "RateLimit-Policy": {
    description:
      'Where there is a limit: `"default";q=500;w=10` allows 500 requests at once, all of which are back after 10 seconds.',
    type: "string",
    always: false,
  },
  RateLimit: {
    description: 'Where there is a limit: with `"default";r=0;t=1` none is left, and one more is in a second.',
    type: "string",
    always: false,
  },
} as const satisfies Record<string, { description: string; type: "integer" | "string"; always: boolean }>;

/** A header from this table. */
export type HeaderName = keyof typeof responseHeaders;
