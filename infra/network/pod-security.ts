/** Label of a namespace that takes only pods of the `restricted` Pod Security Standard. */
export const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" } as const;
