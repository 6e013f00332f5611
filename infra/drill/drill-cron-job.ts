import { posix } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { AUTHORITIES_FILE } from "../access/authorities-file.js";
import { imageText } from "../settings/image.js";
import type { DrillSettings, Settings } from "../settings/schema.js";

export interface DrillCronJobArgs {
  readonly settings: Pick<Settings, "image" | "logLevel">;
  readonly drill: DrillSettings;
  readonly metadata: kubernetes.types.input.meta.v1.ObjectMeta & { readonly labels: Readonly<Record<string, string>> };
  readonly serviceAccount: pulumi.Input<string>;
  /** Name of the ConfigMap with the drill's file. */
  readonly file: pulumi.Input<string>;
  /** Name of the Secret with the addresses of the databases. */
  readonly urls: pulumi.Input<string>;
  /** Secret of the authority that signs the servers' certificates. */
  readonly authoritySecret: pulumi.Input<string>;
}

const FILE = "/etc/ratesapp/drill.json";
const DAY_SECONDS = 86_400;
/** To delete the copy and to tell the result. */
const END_SECONDS = 600;

/** Runs `ratesapp drill` on a schedule. */
export function drillCronJob(args: DrillCronJobArgs, options: pulumi.CustomResourceOptions): void {
  const { drill, metadata } = args;
  new kubernetes.batch.v1.CronJob(
    "drill",
    {
      metadata,
      spec: {
        schedule: drill.schedule,
        timeZone: "Etc/UTC",
        concurrencyPolicy: "Forbid",
        // If the control plane missed a run, it starts within an hour or not at all.
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          metadata: { labels: metadata.labels },
          spec: {
            // The copy belongs to the Job. If a drill is killed, the copy goes with its Job, or with the next drill.
            ttlSecondsAfterFinished: DAY_SECONDS,
            activeDeadlineSeconds: drill.deadlineMinutes * 60 + END_SECONDS,
            // A backup that failed once is told at once.
            backoffLimit: 0,
            template: { metadata: { labels: metadata.labels }, spec: podSpec(args) },
          },
        },
      },
    },
    options,
  );
}

function podSpec({ authoritySecret, file, serviceAccount, settings, urls }: DrillCronJobArgs) {
  const ofPod = (label: string) => ({ fieldRef: { fieldPath: `metadata.labels['batch.kubernetes.io/${label}']` } });
  const url = (key: string) => ({ secretKeyRef: { name: urls, key } });
  return {
    restartPolicy: "Never",
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: true,
    // To delete the copy.
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "drill",
        image: imageText(settings.image),
        args: ["drill"],
        env: [
          { name: "LOG_LEVEL", value: settings.logLevel },
          { name: "DRILL_FILE", value: FILE },
          { name: "DATABASE_URL", valueFrom: url("primary") },
          { name: "DATABASE_READ_URL", valueFrom: url("reads") },
          { name: "DRILL_DATABASE_URL", valueFrom: url("copy") },
          { name: "JOB_NAME", valueFrom: ofPod("job-name") },
          { name: "JOB_UID", valueFrom: ofPod("controller-uid") },
          { name: "DRILL_JOB", value: "$(JOB_NAME)/$(JOB_UID)" },
        ],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        volumeMounts: [
          { name: "file", mountPath: posix.dirname(FILE), readOnly: true },
          { name: "authorities", mountPath: posix.dirname(AUTHORITIES_FILE), readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: "file", configMap: { name: file } },
      // Not the key beside it.
      { name: "authorities", secret: { secretName: authoritySecret, items: [{ key: "ca.crt", path: "ca.crt" }] } },
    ],
  };
}
