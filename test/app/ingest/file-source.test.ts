import { appendFile, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { expect } from "chai";
import type { SourceObject } from "../../../app/ingest/sources/source.js";
import { SourceChangedError } from "../../../app/ingest/sources/source-error.js";
import { createFolder, type Folder, onlyObject } from "./setup.js";

/** More bytes than one read takes. */
const content = Buffer.alloc(1_000_000, "CNSGH,NLRTM,2021-01-31,1234\n");

describe("a file that is read", () => {
  let folder: Folder;
  let path: string;
  let object: SourceObject;

  beforeEach(async () => {
    folder = await createFolder();
    path = await folder.write("prices.csv", content);
    object = await onlyObject(path);
  });
  afterEach(() => folder.remove());

  async function read(change: () => Promise<unknown> = async () => {}): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of object.read(0, null)) {
      if (chunks.length === 0) await change();
      chunks.push(Buffer.from(chunk));
    }
    await object.verify();
    return Buffer.concat(chunks);
  }

  it("gives all of its bytes", async () => {
    expect((await read()).equals(content)).to.equal(true);
  });

  for (const [name, change] of [
    ["grows", () => appendFile(path, "x")],
    ["shrinks", () => truncate(path, 300_000)],
    ["is emptied", () => truncate(path, 0)],
    ["is written again", () => writeFile(path, content)],
    ["is moved away", () => rename(path, `${path}.done`)],
    ["is taken away", () => rm(path)],
  ] as const) {
    it(`has changed when it ${name} meanwhile`, async () => {
      await utimes(path, 0, 0);
      object = await onlyObject(path);
      expect(await read(change).catch((error: unknown) => error)).to.be.instanceOf(SourceChangedError);
    });
  }

  it("has changed also when it is in its place again at the end", async () => {
    await rename(path, `${path}.old`);
    await folder.write("prices.csv", Buffer.alloc(content.length, "NLRTM,CNSGH,2021-01-31,9999\n"));
    const back = () => rename(`${path}.old`, path);
    expect(await read(back).catch((error: unknown) => error)).to.be.instanceOf(SourceChangedError);
  });
});
