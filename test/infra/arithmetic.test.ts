import { expect } from "chai";
import fc from "fast-check";
import { generations } from "../../infra/access/generations.js";
import { localPortOf } from "../../infra/access/local-port.js";
import { deliveryRights } from "../../infra/cluster/delivery-rights.js";
import { zoneSubnets } from "../../infra/cluster/subnets.js";
import { mostConnections, postgresParameters } from "../../infra/database/parameters.js";
import { shutdownLimits } from "../../infra/database/shutdown.js";
import { bytes, millicores, QuantityError } from "../../infra/settings/quantity.js";
import { longestGapSeconds } from "../../infra/settings/schedule.js";

describe("the longest time between two backups", () => {
  it("is that of the schedule, weekends and short months included", () => {
    expect(longestGapSeconds("0 0 2 * * *")).to.equal(86_400);
    expect(longestGapSeconds("0 30 3 * * MON-FRI")).to.equal(3 * 86_400);
    expect(longestGapSeconds("0 0 0 1 * *")).to.equal(31 * 86_400);
    expect(longestGapSeconds("0 5 * * 0")).to.equal(7 * 86_400);
    expect(longestGapSeconds("@every 36h")).to.equal(36 * 3600);
  });
});

describe("quantities", () => {
  it("are what Kubernetes takes them for", () => {
    expect([millicores("500m"), millicores("2"), millicores("1.5")]).to.deep.equal([500, 2000, 1500]);
    expect([bytes("1Gi"), bytes("1G"), bytes("17")]).to.deep.equal([1024 ** 3, 1e9, 17]);
    expect(() => bytes("1 Gi")).to.throw(QuantityError, '"1 Gi"');
    expect(() => millicores("fast")).to.throw(QuantityError);
  });
});

describe("subnets", () => {
  const range = (cidr: string): readonly [from: number, to: number] => {
    const [address = "", prefix] = cidr.split("/");
    const from = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    return [from, from + 2 ** (32 - Number(prefix))];
  };

  it("lie in the VPC, aligned, and never in one another", () => {
    const cidrs = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 16, max: 20 }));
    fc.assert(
      fc.property(cidrs, ([second, third, prefix]) => {
        const vpc = `10.${second}.${third}.0/${prefix}`;
        const size = 2 ** (32 - prefix);
        const from = Math.floor(range(vpc)[0] / size) * size;
        const subnets = zoneSubnets(vpc)
          .flatMap(({ privateCidr, publicCidr }) => [range(privateCidr), range(publicCidr)])
          .sort(([a], [b]) => a - b);
        expect(subnets).to.have.lengthOf(6);
        let end = from;
        for (const [start, stop] of subnets) {
          expect(start).to.be.at.least(end);
          expect(start % (stop - start)).to.equal(0);
          end = stop;
        }
        expect(end).to.be.at.most(from + size);
      }),
    );
  });
});

describe("the rights of ingest pods", () => {
  it("are to read what their feeds name at Amazon, and no more", () => {
    const feed = { schedule: "@daily" };
    expect(
      deliveryRights(
        {
          sea: { ...feed, source: "s3://deliveries/sea/" },
          keys: { ...feed, source: "s3://keys/", credentialsSecretName: "keys" },
          elsewhere: { ...feed, source: "s3://here/", environment: { AWS_ENDPOINT_URL: "http://store:9000" } },
          web: { ...feed, source: "https://example.com/prices.csv" },
        },
        [],
      ),
    ).to.deep.equal([
      { Action: ["s3:ListBucket"], Resource: "arn:aws:s3:::deliveries" },
      { Action: ["s3:GetObject"], Resource: "arn:aws:s3:::deliveries/sea/*" },
    ]);
  });

  it("are to decrypt with the keys of other accounts that the stack names, if a feed reads at Amazon", () => {
    const keys = ["arn:aws:kms:eu-west-1:210987654321:key/deliveries"];
    const feed = { schedule: "@daily" };
    expect(deliveryRights({ sea: { ...feed, source: "s3://deliveries/" } }, keys).at(-1)).to.deep.equal({
      Action: ["kms:Decrypt"],
      Resource: keys,
    });
    expect(deliveryRights({ web: { ...feed, source: "https://example.com/" } }, keys)).to.deep.equal([]);
  });
});

describe("Postgres' parameters", () => {
  const size = fc
    .record({
      cpu: fc.integer({ min: 100, max: 64_000 }).map((cores) => `${cores}m`),
      memory: fc.integer({ min: 512, max: 512 * 1024 }).map((mib) => `${mib}Mi`),
      walStorage: fc.integer({ min: 1, max: 2000 }).map((gib) => `${gib}Gi`),
      maxConnections: fc.integer({ min: 50, max: 2000 }),
    })
    .filter(({ maxConnections, memory }) => maxConnections <= mostConnections(memory));
  const megabytes = (text = "") => Number(/^(\d+)MB$/.exec(text)?.[1]) * 1024 ** 2;

  it("fit into the instance, whatever its size", () => {
    fc.assert(
      fc.property(size, (given) => {
        const set = postgresParameters(given);
        const memory = bytes(given.memory);
        expect(megabytes(set.shared_buffers)).to.be.within(100 * 1024 ** 2, memory / 4);
        // Three vacuums and a tenth of the connections at work leave room beside the shared memory.
        const atWork = 3 * megabytes(set.maintenance_work_mem) + (given.maxConnections / 10) * megabytes(set.work_mem);
        expect(megabytes(set.shared_buffers) + atWork).to.be.below(memory * 0.75);
        expect(megabytes(set.work_mem)).to.be.at.least(4 * 1024 ** 2);
        const wal = bytes(given.walStorage);
        expect(megabytes(set.max_wal_size) + megabytes(set.max_slot_wal_keep_size)).to.be.at.most(wal * 0.6);
        expect(megabytes(set.min_wal_size)).to.be.within(2 * 16 * 1024 ** 2, megabytes(set.max_wal_size));
        expect(Number(set.max_parallel_workers_per_gather)).to.be.at.most(Number(set.max_parallel_workers));
      }),
    );
  });
});

describe("generations of passwords", () => {
  it("hand out one of two roles, and never touch the other", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (generation) => {
        const [a, b] = generations(generation);
        const [nextA, nextB] = generations(generation + 1);
        const now = a.current ? a : b;
        expect(a.current).to.not.equal(b.current);
        expect(now.madeAt).to.equal(generation);
        // Who is handed out now keeps its password while the other one takes over.
        const [kept, made] = a.current ? [nextA, nextB] : [nextB, nextA];
        expect(kept.madeAt).to.equal(now.madeAt);
        expect(kept.current).to.equal(false);
        expect(made).to.include({ current: true, madeAt: generation + 1 });
      }),
    );
  });
});

describe("the port of the port-forward", () => {
  it("is a stack's own, below those that systems hand out", () => {
    expect(localPortOf("staging")).to.equal(localPortOf("staging"));
    expect(localPortOf("staging")).to.not.equal(localPortOf("prod"));
    fc.assert(fc.property(fc.string(), (stack) => void expect(localPortOf(stack)).to.be.within(20_000, 29_999)));
  });
});

describe("the shutdown of an instance", () => {
  it("has the time to write all changed pages to a disk of 125 MiB a second, and Kubernetes waits longer", () => {
    for (const memory of ["512Mi", "2Gi", "16Gi", "128Gi"]) {
      const { smartShutdownTimeout, stopDelay, switchoverDelay } = shutdownLimits(memory);
      const flushSeconds = bytes(memory) / 4 / (125 * 1024 ** 2);
      expect(switchoverDelay, memory).to.be.within(flushSeconds + 20, flushSeconds + 30);
      expect(stopDelay, memory).to.be.at.least(smartShutdownTimeout + switchoverDelay);
    }
  });
});
