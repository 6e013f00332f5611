import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { zoneSubnets } from "./subnets.js";

export interface NetworkArgs {
  readonly vpcCidr: string;
  readonly natGateways: "one" | "one-per-zone";
}

/** A VPC over three zones. Nodes are in private subnets, load balancers and NAT gateways in public ones. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string>[] = [];
  readonly publicSubnetIds: pulumi.Output<string>[] = [];
  readonly zones: pulumi.Output<string>[] = [];
  /** Tags of the subnets that nodes are made in, and of no others. */
  readonly nodeSubnetTags: Readonly<Record<string, string>>;

  constructor(name: string, args: NetworkArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:Network", name, {}, options);
    const vpc = new aws.ec2.Vpc(
      name,
      { cidrBlock: args.vpcCidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } },
      { parent: this },
    );
    this.vpcId = vpc.id;
    this.nodeSubnetTags = { "ratesapp/nodes": name };
    const internet = new aws.ec2.InternetGateway(name, { vpcId: vpc.id, tags: { Name: name } }, { parent: this });
    const publicRoutes = new aws.ec2.RouteTable(
      `${name}-public`,
      { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: internet.id }], tags: { Name: `${name}-public` } },
      { parent: this },
    );
    const { region } = aws.getRegionOutput({}, { parent: this });
    const privateRouteTableIds: pulumi.Output<string>[] = [];
    const zones = aws.getAvailabilityZonesOutput(
      { state: "available", filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }] },
      { parent: this },
    ).names;

    const inside = { parent: this };
    let natGateway: aws.ec2.NatGateway | undefined;
    for (const [index, { privateCidr, publicCidr }] of zoneSubnets(args.vpcCidr).entries()) {
      const letter = "abc"[index];
      const zone = zones.apply((names) => nth(names, index));
      this.zones.push(zone);
      const publicSubnetId = subnet(
        `${name}-public-${letter}`,
        { vpcId: vpc.id, zone, cidr: publicCidr, routeTableId: publicRoutes.id, loadBalancers: "elb" },
        inside,
      );
      if (!natGateway || args.natGateways === "one-per-zone") {
        const address = new aws.ec2.Eip(
          `${name}-nat-${letter}`,
          { domain: "vpc" },
          { parent: this, dependsOn: internet },
        );
        natGateway = new aws.ec2.NatGateway(
          `${name}-${letter}`,
          { subnetId: publicSubnetId, allocationId: address.id, tags: { Name: `${name}-${letter}` } },
          inside,
        );
      }
      const privateName = `${name}-private-${letter}`;
      const routes = [{ cidrBlock: "0.0.0.0/0", natGatewayId: natGateway.id }];
      const routeTableId = new aws.ec2.RouteTable(
        privateName,
        { vpcId: vpc.id, routes, tags: { Name: privateName } },
        inside,
      ).id;
      privateRouteTableIds.push(routeTableId);
      this.publicSubnetIds.push(publicSubnetId);
      this.privateSubnetIds.push(
        subnet(
          privateName,
          {
            vpcId: vpc.id,
            zone,
            cidr: privateCidr,
            routeTableId,
            loadBalancers: "internal-elb",
            tags: this.nodeSubnetTags,
          },
          inside,
        ),
      );
    }
    // Backups reach the bucket through this endpoint, which is free. A NAT gateway would charge for every byte.
    new aws.ec2.VpcEndpoint(
      `${name}-s3`,
      {
        vpcId: vpc.id,
        serviceName: pulumi.interpolate`com.amazonaws.${region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds: privateRouteTableIds,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

interface SubnetArgs {
  readonly vpcId: pulumi.Output<string>;
  readonly zone: pulumi.Output<string>;
  readonly cidr: string;
  readonly routeTableId: pulumi.Output<string>;
  /** The load balancer controller finds its subnets by a tag of this name. */
  readonly loadBalancers: "elb" | "internal-elb";
  readonly tags?: Readonly<Record<string, string>>;
}

/** A subnet in one zone, with its route to the internet. @returns its id. */
function subnet(
  name: string,
  { vpcId, zone, cidr, routeTableId, loadBalancers, tags: further }: SubnetArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const tags = { Name: name, [`kubernetes.io/role/${loadBalancers}`]: "1", ...further };
  const { id } = new aws.ec2.Subnet(name, { vpcId, availabilityZone: zone, cidrBlock: cidr, tags }, options);
  new aws.ec2.RouteTableAssociation(name, { subnetId: id, routeTableId }, options);
  return id;
}

function nth(zones: readonly string[], index: number): string {
  const zone = zones[index];
  if (zone === undefined) throw new Error(`the region has ${zones.length} zones that are open to all; 3 are needed`);
  return zone;
}
