import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { zoneSubnets } from "./subnets.js";

export interface NetworkArgs {
  readonly vpcCidr: string;
  readonly natGateways: "one" | "one-per-zone";
}

/** A VPC over three zones: nodes in private subnets, load balancers and NAT gateways in public ones. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string>[] = [];
  readonly publicSubnetIds: pulumi.Output<string>[] = [];

  constructor(name: string, args: NetworkArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:Network", name, {}, options);
    const vpc = new aws.ec2.Vpc(
      name,
      { cidrBlock: args.vpcCidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } },
      { parent: this },
    );
    this.vpcId = vpc.id;
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

    let natGateway: aws.ec2.NatGateway | undefined;
    for (const [index, { privateCidr, publicCidr }] of zoneSubnets(args.vpcCidr).entries()) {
      const zone = zones.apply((names) => {
        const found = names[index];
        if (found === undefined)
          throw new Error(`the region has ${names.length} zones that are open to all; 3 are needed`);
        return found;
      });
      const letter = "abc"[index];
      const publicSubnet = new aws.ec2.Subnet(
        `${name}-public-${letter}`,
        {
          vpcId: vpc.id,
          availabilityZone: zone,
          cidrBlock: publicCidr,
          // The tags by which the load balancer controller finds its subnets.
          tags: { Name: `${name}-public-${letter}`, "kubernetes.io/role/elb": "1" },
        },
        { parent: this },
      );
      new aws.ec2.RouteTableAssociation(
        `${name}-public-${letter}`,
        { subnetId: publicSubnet.id, routeTableId: publicRoutes.id },
        { parent: this },
      );
      if (!natGateway || args.natGateways === "one-per-zone") {
        const address = new aws.ec2.Eip(
          `${name}-nat-${letter}`,
          { domain: "vpc" },
          { parent: this, dependsOn: internet },
        );
        natGateway = new aws.ec2.NatGateway(
          `${name}-${letter}`,
          { subnetId: publicSubnet.id, allocationId: address.id, tags: { Name: `${name}-${letter}` } },
          { parent: this },
        );
      }
      const privateSubnet = new aws.ec2.Subnet(
        `${name}-private-${letter}`,
        {
          vpcId: vpc.id,
          availabilityZone: zone,
          cidrBlock: privateCidr,
          tags: { Name: `${name}-private-${letter}`, "kubernetes.io/role/internal-elb": "1" },
        },
        { parent: this },
      );
      const routes = new aws.ec2.RouteTable(
        `${name}-private-${letter}`,
        {
          vpcId: vpc.id,
          routes: [{ cidrBlock: "0.0.0.0/0", natGatewayId: natGateway.id }],
          tags: { Name: `${name}-private-${letter}` },
        },
        { parent: this },
      );
      new aws.ec2.RouteTableAssociation(
        `${name}-private-${letter}`,
        { subnetId: privateSubnet.id, routeTableId: routes.id },
        { parent: this },
      );
      privateRouteTableIds.push(routes.id);
      this.privateSubnetIds.push(privateSubnet.id);
      this.publicSubnetIds.push(publicSubnet.id);
    }
    // Backups go to the bucket by this way, which costs nothing, and not through a NAT gateway, which charges by the
    // byte.
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
