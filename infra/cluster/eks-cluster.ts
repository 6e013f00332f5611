import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../names.js";
import type { Settings } from "../settings/schema.js";
import { BackupBucket } from "./backup-bucket.js";
import { databaseNodePool } from "./database-node-pool.js";
import { ImageRegistry } from "./image-registry.js";
import type { Archive, ClusterAccess, KubernetesCluster, Placement } from "./kubernetes-cluster.js";
import { kubernetesProvider } from "./kubernetes-provider.js";
import { loadBalancerClass } from "./load-balancer-class.js";
import { Network, type NetworkArgs } from "./network.js";
import { type PolicyStatement, podIdentity } from "./pod-identity.js";
import { storageClass } from "./storage-class.js";

export interface EksClusterArgs extends NetworkArgs {
  readonly region: string;
  /** Version of Kubernetes, such as `1.34`. */
  readonly version: string;
  readonly publicAccessCidrs: readonly string[];
  readonly adminRoleArns: readonly string[];
  /** Names of the database, whose ServiceAccount may write to the bucket, and of the workloads. */
  readonly names: Names;
  readonly databases: Settings["database"]["clusters"];
  /** True to make a bucket for backups. */
  readonly backups: boolean;
  /** Rights of ingest pods on the buckets of deliveries. */
  readonly deliveryRights: readonly PolicyStatement[];
  /** True to refuse the deletion of the cluster, the key and the bucket. */
  readonly protect: boolean;
}

const ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/**
 * Kubernetes on AWS over three zones, in EKS Auto Mode. AWS runs the autoscaler (Karpenter), the controllers of volumes
 * and load balancers, the network policy engine and the pod identity agent, and replaces nodes for updates. This saves
 * five charts, four IAM roles and their upgrades, and costs 12 % more than the instances alone.
 */
export class EksCluster extends pulumi.ComponentResource implements KubernetesCluster {
  readonly provider: kubernetes.Provider;
  readonly access: ClusterAccess;
  readonly context: string;
  readonly login: string;
  readonly storageClass: pulumi.Output<string>;
  readonly databasePlacement: Placement;
  readonly archive: Archive | undefined;
  readonly ingressClass: pulumi.Output<string>;
  /** In Auto Mode each node answers DNS itself, so there are no pods to select. */
  readonly dns = [];
  readonly registry: pulumi.Output<string>;

  constructor(name: string, args: EksClusterArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:EksCluster", name, {}, options);
    const { names, protect } = args;
    this.context = name;
    this.login = `aws eks update-kubeconfig --region ${args.region} --name ${name} --alias ${name}`;

    // Encrypts Secrets, backups and images. It also encrypts the secrets of the stack, if it is the stack's secrets
    // provider.
    const key = new aws.kms.Key(
      name,
      { description: `Secrets, backups and images of ${name}`, enableKeyRotation: true, deletionWindowInDays: 30 },
      { parent: this, protect },
    );
    new aws.kms.Alias(name, { name: `alias/${name}`, targetKeyId: key.keyId }, { parent: this });

    const network = new Network(name, { vpcCidr: args.vpcCidr, natGateways: args.natGateways }, { parent: this });
    const cluster = new eks.Cluster(
      name,
      {
        name,
        version: args.version,
        vpcId: network.vpcId,
        privateSubnetIds: network.privateSubnetIds,
        publicSubnetIds: network.publicSubnetIds,
        autoMode: { enabled: true, createNodeRole: true, computeConfig: { nodePools: ["system", "general-purpose"] } },
        authenticationMode: eks.AuthenticationMode.Api,
        accessEntries: Object.fromEntries(
          args.adminRoleArns.map((principalArn) => [principalArn, admin(principalArn)]),
        ),
        endpointPublicAccess: true,
        endpointPrivateAccess: true,
        publicAccessCidrs: [...args.publicAccessCidrs],
        encryptionConfigKeyArn: key.arn,
        enabledClusterLogTypes: ["api", "audit", "authenticator"],
        // AWS upgrades a version whose support has ended. With the default, it would cost six times as much instead.
        upgradePolicy: { supportType: "STANDARD" },
        deletionProtection: protect,
      },
      { parent: this, protect },
    );
    this.access = { kubeconfig: cluster.kubeconfigJson };
    this.provider = kubernetesProvider(name, this.access, { parent: this });
    const inside = { parent: this, provider: this.provider };

    enforceNetworkPolicies(inside);
    this.storageClass = storageClass({ protect }, inside);
    this.databasePlacement = databaseNodePool(inside);
    this.ingressClass = loadBalancerClass(inside);
    this.registry = new ImageRegistry(name, { keyArn: key.arn, protect }, { parent: this }).url;
    this.archive = args.backups
      ? new BackupBucket(
          name,
          {
            clusterName: cluster.eksCluster.name,
            keyArn: key.arn,
            namespace: names.database,
            databases: args.databases,
            protect,
          },
          { parent: this },
        )
      : undefined;
    if (args.deliveryRights.length > 0) {
      podIdentity(
        `${name}-deliveries`,
        {
          clusterName: cluster.eksCluster.name,
          namespace: names.workloads,
          serviceAccounts: { "": `${names.release}-ingest` },
          statements: args.deliveryRights,
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}

/** Makes the cluster enforce NetworkPolicies. Without this setting, it accepts them but does nothing. */
function enforceNetworkPolicies(options: pulumi.CustomResourceOptions): void {
  new kubernetes.core.v1.ConfigMap(
    "network-policies",
    {
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    },
    options,
  );
}

const admin = (principalArn: string) => ({
  principalArn,
  accessPolicies: { admin: { policyArn: ADMIN_POLICY, accessScope: { type: "cluster" } } },
});
