import { expect } from "chai";
import { feedSpec } from "../../../app/operator/feed/feed-spec.js";

const mistakesIn = (given: object): string[] =>
  (feedSpec.safeParse({ schedule: "@daily", source: "s3://a/", ...given }).error?.issues ?? []).map(
    ({ message }) => message,
  );

describe("the spec of a Feed", () => {
  it("mounts a claim only where none of the program's files are", () => {
    const mistakes = (mountPath: string) =>
      mistakesIn({ source: `${mountPath}/prices.csv`, volume: { claimName: "a", mountPath } });
    const allowed = ["/data", "/data/", "/deliveries/of asia", "/mnt/a/b-c_d.e"];
    for (const path of allowed) expect(mistakes(path), path).to.deep.equal([]);
    const refused = ["/app/dist", "/usr/local/bin", "/", "/database", "/etc/ratesapp", "/data/./a", "/rejects", "data"];
    for (const path of [...refused, "/data/../app", "/data/a/..", "/data//", "/data:a"]) {
      expect(mistakes(path).join(), path).to.include(
        "must be /data, /deliveries or /mnt, or a folder below one of them",
      );
    }
    const volume = { claimName: "a", mountPath: "/data" };
    expect(mistakesIn({ source: "/data/../proc/self/environ", volume })).to.deep.equal([
      "a path must not have .. in it",
    ]);
    expect(mistakesIn({ source: "/data/2024..csv", volume })).to.deep.equal([]);
  });

  it("has no password in its address, which all who may see Feeds would read", () => {
    for (const source of ["https://me:secret@a.example/", "http://me@a.example", "HTTPS://:a@b/", "s3://key:secret@b/"])
      expect(mistakesIn({ source }).join(), source).to.match(/^has a user or password/);
    for (const source of ["https://a.example/me@b.csv", "https://a.example?to=me@b", "s3://bucket/me@b/"])
      expect(mistakesIn({ source }), source).to.deep.equal([]);
  });

  it("sets only variables that sources read and that load no code or settings", () => {
    const environment = { AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL_S3: "http://store:9000" };
    expect(mistakesIn({ environment })).to.deep.equal([]);
    for (const name of ["AWS_CONFIG_FILE", "OPENSSL_CONF", "PGOPTIONS", "NODE_OPTIONS", "aws_region", "DATABASE_URL"]) {
      expect(mistakesIn({ environment: { [name]: "a" } }).join(), name).to.match(/^can only have AWS_REGION, /);
    }
  });
});
