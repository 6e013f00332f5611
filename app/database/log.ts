/** Where long work reports waits, retries and progress. A pino logger has this shape. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
