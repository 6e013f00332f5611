import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** A value of the header Content-Encoding. */
export type Encoding = "br" | "gzip";

/** A shorter body fits into one network packet without compression. */
const LEAST_BYTES = 1024;
/**
 * At quality 5, Brotli output is smaller than gzip's and takes about as long. The default, 11, takes thirty times as
 * long.
 */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

const compress = {
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, BROTLI),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

/** A body and its compressed forms. Each form is made when it is first asked for, and kept. */
export class CompressibleBody {
  readonly bytes: Buffer;
  readonly #encoded: Partial<Record<Encoding, Buffer | Promise<Buffer>>> = {};

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** False if the bytes are too few to gain anything. */
  get compressible(): boolean {
    return this.bytes.length >= LEAST_BYTES;
  }

  /** The body in a compressed form: immediately if that form exists, else as a promise. */
  encoded(encoding: Encoding): Buffer | Promise<Buffer> {
    let encoded = this.#encoded[encoding];
    if (encoded === undefined) {
      encoded = compress[encoding](this.bytes).then((made) => {
        this.#encoded[encoding] = made;
        return made;
      });
      this.#encoded[encoding] = encoded;
    }
    return encoded;
  }
}
