/** What the API server answered instead of an object. */
export class KubernetesError extends Error {
  readonly status: number;
  /** Such as `AlreadyExists`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = "KubernetesError";
    this.status = status;
    this.reason = reason;
  }

  /** The same request would be refused again until the object is another. */
  get isRefusal(): boolean {
    return this.status === 400 || this.status === 403 || this.status === 422;
  }
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof KubernetesError && error.status === status;
