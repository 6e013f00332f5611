/** Address ranges of one zone. */
export interface ZoneSubnets {
  /** For load balancers and NAT gateways. */
  readonly publicCidr: string;
  /** For nodes and pods. */
  readonly privateCidr: string;
}

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/**
 * Divides a VPC into one private and one public subnet for each zone. Each pod needs an address, and load balancers
 * need only a few. So the range is divided into quarters: the first three are the private subnets, and the last is
 * divided in the same way for the public ones.
 * @param vpcCidr such as `10.20.0.0/16`; host bits are ignored.
 */
export function zoneSubnets(vpcCidr: string): readonly [ZoneSubnets, ZoneSubnets, ZoneSubnets] {
  const [address = "", prefixText] = vpcCidr.split("/");
  const prefix = Number(prefixText);
  const size = 2 ** (32 - prefix);
  const base = Math.floor(toNumber(address) / size) * size;
  const zone = (index: number): ZoneSubnets => ({
    privateCidr: `${toAddress(base + (index * size) / 4)}/${prefix + 2}`,
    publicCidr: `${toAddress(base + (3 * size) / 4 + (index * size) / 16)}/${prefix + 4}`,
  });
  return [zone(0), zone(1), zone(2)];
}
