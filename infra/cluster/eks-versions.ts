/**
 * Versions of Kubernetes on EKS, with the day on which their standard support ends. On that day, EKS upgrades a cluster
 * by itself (`supportType: STANDARD` in eks-cluster.ts). A test fails 60 days before that for the versions that are in
 * use here. https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
 */
export const endOfStandardSupport: Readonly<Record<string, string>> = {
  "1.34": "2026-12-02",
  "1.35": "2027-03-27",
};

/** Of a cluster whose settings name none. */
export const DEFAULT_VERSION = "1.35";

const DAY_MS = 86_400_000;

/** Days from `now` until the standard support of a version ends; negative after that, NaN for an unknown version. */
export const supportedDays = (version: string, now = new Date()): number =>
  (Date.parse(endOfStandardSupport[version] ?? "") - now.getTime()) / DAY_MS;
