import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../names.js";
import type { Peer } from "../network/peers.js";
import { BackupBucket, type BackupBucketArgs } from "./backup-bucket.js";
import { databaseNodePools } from "./database-node-pools.js";
import { ImageRegistry } from "./image-registry.js";
import type { Archive, ClusterAccess, KubernetesCluster, Placement } from "./kubernetes-cluster.js";
import { kubernetesProvider } from "./kubernetes-provider.js";
import { loadBalancerClass } from "./load-balancer-class.js";
import { Network, type NetworkArgs } from "./network.js";
import { type PolicyStatement, podIdentity } from "./pod-identity.js";
import { storageClass } from "./storage-class.js";
import { zoneSubnets } from "./subnets.js";

export interface EksClusterArgs extends NetworkArgs {
  readonly region: string;
  /** Version of Kubernetes, such as `1.34`. */
  readonly version: string;
  /** If not set or empty, the API server is reached from inside of the VPC only. */
  readonly publicAccessCidrs?: readonly string[] | undefined;
  readonly adminRoleArns: readonly string[];
  /** Names of the database, whose ServiceAccount may write to the bucket, and of the workloads. */
  readonly names: Names;
  /** If undefined, no bucket for backups is made. */
  readonly backups: Pick<BackupBucketArgs, "databases" | "drills"> | undefined;
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
  /** TLS 1.2 and 1.3 with forward secrecy. The default of load balancers is older. */
  readonly ingressAnnotations = {
    "alb.ingress.kubernetes.io/target-type": "ip",
    "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  };
  /**
   * A pod is ready when the load balancer knows it. Otherwise a release could end the last pod that the load balancer
   * knows, while it is still checking the new ones.
   */
  readonly namespaceLabels = { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" };
  readonly hidesItsParts = true;
  /** In Auto Mode each node answers DNS itself, so there are no pods to select. */
  readonly dns = [];
  readonly loadBalancers: readonly Peer[];
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
        // Nodes of the built-in pools are made in the subnets that are named here. Load balancers find the public ones
        // by their tags.
        privateSubnetIds: network.privateSubnetIds,
        autoMode: { enabled: true, createNodeRole: true, computeConfig: { nodePools: ["system", "general-purpose"] } },
        authenticationMode: eks.AuthenticationMode.Api,
        ...(args.adminRoleArns.length > 0 && {
          accessEntries: Object.fromEntries(args.adminRoleArns.map((arn) => [arn, admin(arn)])),
        }),
        ...endpointsOf(args.publicAccessCidrs),
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
    metricsServer(name, cluster.eksCluster.name, { parent: this });
    this.storageClass = storageClass({ protect }, inside);
    this.databasePlacement = databaseNodePools(
      {
        zones: network.zones,
        subnetTags: network.nodeSubnetTags,
        securityGroupId: cluster.clusterSecurityGroupId,
        role: cluster.autoModeNodeRoleName,
      },
      inside,
    );
    this.ingressClass = loadBalancerClass(inside);
    this.loadBalancers = zoneSubnets(args.vpcCidr).map(({ publicCidr }) => ({ ipBlock: { cidr: publicCidr } }));
    this.registry = new ImageRegistry(name, { keyArn: key.arn, protect }, { parent: this }).url;
    this.archive = args.backups
      ? new BackupBucket(
          name,
          {
            ...args.backups,
            clusterName: cluster.eksCluster.name,
            keyArn: key.arn,
            namespace: names.database,
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

/** The autoscaler of API pods reads their CPU from it. EKS brings none. */
function metricsServer(name: string, clusterName: pulumi.Input<string>, options: pulumi.CustomResourceOptions): void {
  new aws.eks.Addon(
    `${name}-metrics-server`,
    { clusterName, addonName: "metrics-server", resolveConflictsOnUpdate: "OVERWRITE" },
    options,
  );
}

/** From where the API server is reached: from inside of the VPC, and from these addresses. */
const endpointsOf = (publicAccessCidrs: readonly string[] = []) => ({
  endpointPrivateAccess: true,
  endpointPublicAccess: publicAccessCidrs.length > 0,
  ...(publicAccessCidrs.length > 0 && { publicAccessCidrs: [...publicAccessCidrs] }),
});

const admin = (principalArn: string) => ({
  principalArn,
  accessPolicies: { admin: { policyArn: ADMIN_POLICY, accessScope: { type: "cluster" } } },
});
