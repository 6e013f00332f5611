import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** As in the header Content-Encoding. */
export type Encoding = "br" | "gzip";

/** A shorter body fits into one packet as it is. */
const LEAST_BYTES = 1024;
/** At quality 5 Brotli is smaller than gzip and about as fast; at 11, the default, it takes thirty times as long. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

const compress = {
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, BROTLI),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

/** Bytes, and their compressed forms, which are made when first asked for and kept beside them. */
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

  /** The bytes in a compressed form: at once if it was made before, else as a promise. */
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
