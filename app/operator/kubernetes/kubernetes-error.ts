/** The API server answered with an error. */
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

  /** The API server would refuse the same object again. */
  get isRefusal(): boolean {
    return this.status === 400 || this.status === 403 || this.status === 422;
  }
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof KubernetesError && error.status === status;
