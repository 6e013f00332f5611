/** No cluster is named, or its configuration cannot be read. */
export class KubernetesConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KubernetesConfigError";
  }
}
