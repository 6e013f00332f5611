import { expect } from "chai";
import fc from "fast-check";
import { ClientAddress } from "../../../app/api/http/client-address.js";

describe("the address of a client", () => {
  const CASES: readonly (readonly [
    what: string,
    trusted: readonly string[],
    remote: string,
    forwarded: string | undefined,
    key: string,
  ])[] = [
    ["is that of the connection", [], "203.0.113.7", undefined, "203.0.113.7"],
    ["is not what a client says of itself", [], "203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["is not what a client says behind no trusted proxy", ["10.0.0.0/8"], "203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["is what a trusted proxy says", ["10.0.0.0/8"], "10.1.2.3", "198.51.100.1", "198.51.100.1"],
    [
      "is the rightmost that is no proxy",
      ["10.0.0.0/8"],
      "10.1.2.3",
      "1.1.1.1, 198.51.100.1, 10.9.9.9",
      "198.51.100.1",
    ],
    ["is the leftmost if all are proxies", ["10.0.0.0/8"], "10.1.2.3", "10.4.4.4, 10.9.9.9", "10.4.4.4"],
    ["is the proxy's if it says nothing", ["10.0.0.0/8"], "10.1.2.3", undefined, "10.1.2.3"],
    ["is the last good one before nonsense", ["10.0.0.0/8"], "10.1.2.3", "1.1.1.1, unknown, 10.9.9.9", "10.9.9.9"],
    ["may be given by single proxies", ["10.1.2.3", "::1"], "::1", "198.51.100.1, 10.1.2.3", "198.51.100.1"],
    ["is IPv4 in its IPv6 wrapping too", ["10.0.0.0/8"], "::ffff:10.1.2.3", "::ffff:198.51.100.1", "198.51.100.1"],
    [
      "is IPv4 in any spelling of that wrapping",
      ["10.0.0.0/8"],
      "0:0:0:0:0:FFFF:a01:203",
      "::ffff:c633:6401",
      "198.51.100.1",
    ],
    ["is not another's, which differs in its last byte alone", [], "::ffff:198.51.100.2", undefined, "198.51.100.2"],
    [
      "is a proxy's that is trusted in that wrapping",
      ["::ffff:10.0.0.0/104"],
      "10.1.2.3",
      "198.51.100.1",
      "198.51.100.1",
    ],
    [
      "is a proxy's that is trusted alone in it",
      ["::ffff:10.1.2.3"],
      "::ffff:10.1.2.3",
      "198.51.100.1",
      "198.51.100.1",
    ],
    [
      "is not that of a proxy beside the trusted range",
      ["::ffff:10.0.0.0/104"],
      "11.1.2.3",
      "198.51.100.1",
      "11.1.2.3",
    ],
    ["is IPv4 only in the wrapping", [], "2001:db8:0:ffff:1:2:3:4", undefined, "2001:db8:0:ffff::/64"],
    ["may come with a port", ["10.0.0.0/8"], "10.1.2.3", "198.51.100.1:5000", "198.51.100.1"],
    ["may come in brackets", ["10.0.0.0/8"], "10.1.2.3", "[2001:db8::1]:443", "2001:db8:0:0::/64"],
    ["counts by network in IPv6", [], "2001:db8:1:2:aaaa:bbbb:cccc:dddd", undefined, "2001:db8:1:2::/64"],
    ["is one network however it is written", [], "2001:0DB8:0001:0002::5", undefined, "2001:db8:1:2::/64"],
    ["may be local", [], "fe80::1%eth0", undefined, "fe80:0:0:0::/64"],
    ["is a proxy's by network in IPv6", ["2001:db8::/32"], "2001:db8::5", "2001:db9:0:1::9", "2001:db9:0:1::/64"],
  ];
  for (const [what, trusted, remote, forwarded, key] of CASES) {
    it(what, () => expect(new ClientAddress(trusted).key(remote, forwarded)).to.equal(key));
  }

  it("cannot be chosen by a client, whatever it sends", () => {
    const addresses = new ClientAddress(["10.0.0.0/8", "2001:db8::/32"]);
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("203.0.113.7", "2001:db9::1"), (sent, own) => {
        // What the client sent, and then what the trusted proxy adds.
        const key = addresses.key("10.0.0.1", `${sent}, ${own}`);
        expect(key).to.equal(own === "203.0.113.7" ? own : "2001:db9:0:0::/64");
      }),
    );
  });

  it("is one for all 2^64 addresses of a subscriber, and another for the next", () => {
    const addresses = new ClientAddress([]);
    const half = fc.array(fc.nat({ max: 0xffff }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(half, half, half, half, fc.boolean(), (network, other, host, otherHost, same) => {
        const one = addresses.key(write([...network, ...host]), undefined);
        const two = addresses.key(write([...(same ? network : other), ...otherHost]), undefined);
        expect(one === two).to.equal(same || network.join() === other.join());
      }),
    );
  });
});

function write(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}
