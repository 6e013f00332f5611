/**
 * The largest window that every decompressor should support (RFC 8878, 3.1.1.1.2). The window is memory, and the frame
 * itself says how much it needs.
 */
const LARGEST_WINDOW_BYTES = 8 * 1024 * 1024;

const MAGIC = 0xfd2fb528;
/** The magic number of a skippable frame; its last four bits may have any value. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes of the magic number and the descriptor. A skippable frame is at least as long. */
const START_BYTES = 5;
const SKIPPABLE_HEADER_BYTES = 8;
/** A header has at most 18 bytes. Zeros follow, because the last field is read as eight bytes even if it is shorter. */
const LONGEST_HEADER_BYTES = 18 + 7;
const BLOCK_HEADER_BYTES = 3;
/** The largest block (RFC 8878, 3.1.1.2.4). Without this limit, four bytes with a repeated byte would become 2 MiB. */
const LARGEST_BLOCK_BYTES = 128 * 1024;
const REPEATED_BYTE = 1;
const CHECKSUM_BYTES = 4;

/**
 * True if zstd data begins with this number. pzstd begins with a skippable frame.
 * @param magic the first four bytes, little-endian.
 */
export function beginsZstd(magic: number): boolean {
  return magic === MAGIC || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/** The frame needs more memory than is allowed. */
export class LargeWindowError extends Error {
  constructor() {
    super("its zstd window is over 8 MiB; pack it without --long and --ultra");
    this.name = "LargeWindowError";
  }
}

/** What the fifth byte of a frame says about its header and its end (RFC 8878, 3.1.1.1.1). */
interface Descriptor {
  /** Bytes of the fields behind the descriptor, in this order. */
  readonly windowBytes: number;
  readonly dictionaryBytes: number;
  readonly sizeBytes: number;
  /** True if a checksum follows the last block. */
  readonly hasChecksum: boolean;
}

function readDescriptor(descriptor: number): Descriptor {
  const single = (descriptor & 0x20) !== 0;
  return {
    windowBytes: single ? 0 : 1,
    dictionaryBytes: [0, 1, 2, 4][descriptor & 3] as number,
    sizeBytes: [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number,
    hasChecksum: (descriptor & 4) !== 0,
  };
}

/** The fields of a frame that are read; everything else is skipped. */
type Field = "start" | "header" | "header to skip" | "block header" | "checksum";

/** Follows one frame of zstd data to its end, without unpacking it (RFC 8878, 3.1). */
export class ZstdFrame {
  /** Bytes of the content, if the frame gives them. */
  contentBytes: number | undefined;
  /** The lower half of the XXH64 of the content; known at the end of the frame, if the frame has a checksum. */
  checksum: number | undefined;
  /** The field that is being read. The first `#filled` of its `#wanted` bytes are there. */
  #field: Field = "start";
  readonly #bytes = Buffer.alloc(LONGEST_HEADER_BYTES);
  #filled = 0;
  #wanted = START_BYTES;
  /** Bytes to skip before the next field or the end. */
  #skip = 0;
  #last = false;
  #hasChecksum = false;

  /** True once the whole frame was taken. */
  get ended(): boolean {
    return this.#last && this.#skip === 0;
  }

  /**
   * Takes bytes of the frame from `from` on, at most to the end of a block. Returns where they end.
   * @throws {LargeWindowError} if the frame needs too much memory; another error if the bytes are not a frame.
   */
  take(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && !this.ended) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip === 0) return at;
      } else {
        this.#bytes[this.#filled] = chunk[at] as number;
        this.#filled += 1;
        at += 1;
        if (this.#filled === this.#wanted) this.#readField();
      }
    }
    return at;
  }

  #readField(): void {
    switch (this.#field) {
      case "start":
        this.#readStart();
        break;
      case "header":
        this.#readHeader();
        break;
      case "header to skip":
        this.#skip = this.#bytes.readUInt32LE(4);
        this.#last = true;
        break;
      case "block header":
        this.#readBlockHeader();
        break;
      case "checksum":
        this.checksum = this.#bytes.readUInt32LE(0);
        this.#last = true;
        break;
    }
  }

  /** Reads the magic number and the descriptor, which say how long the header is. */
  #readStart(): void {
    const magic = this.#bytes.readUInt32LE(0);
    if (isSkippable(magic)) {
      this.#field = "header to skip";
      this.#wanted = SKIPPABLE_HEADER_BYTES;
    } else if (magic === MAGIC) {
      const { windowBytes, dictionaryBytes, sizeBytes } = this.#descriptor;
      this.#field = "header";
      this.#wanted = START_BYTES + windowBytes + dictionaryBytes + sizeBytes;
    } else throw new Error("the data behind a frame is not a frame");
  }

  #readHeader(): void {
    const { windowBytes, sizeBytes, hasChecksum } = this.#descriptor;
    const window = this.#bytes[START_BYTES] as number;
    const size = Number(this.#bytes.fill(0, this.#wanted).readBigUInt64LE(this.#wanted - sizeBytes));
    // A size of two bytes counts from 256, where one byte ends (RFC 8878, 3.1.1.1.4).
    if (sizeBytes > 0) this.contentBytes = sizeBytes === 2 ? size + 256 : size;
    // A frame that gives no window needs memory for all of its content.
    const bytes =
      windowBytes === 1 ? 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8) : (this.contentBytes as number);
    if (bytes > LARGEST_WINDOW_BYTES) throw new LargeWindowError();
    this.#hasChecksum = hasChecksum;
    this.#expect("block header", BLOCK_HEADER_BYTES);
  }

  #readBlockHeader(): void {
    const block = this.#bytes.readUIntLE(0, BLOCK_HEADER_BYTES);
    if (block >> 3 > LARGEST_BLOCK_BYTES) throw new Error("a block is over 128 KiB");
    const repeated = ((block >> 1) & 3) === REPEATED_BYTE;
    const last = (block & 1) === 1;
    this.#skip = repeated ? 1 : block >> 3;
    if (last && this.#hasChecksum) {
      this.#expect("checksum", CHECKSUM_BYTES);
    } else {
      this.#last = last;
      this.#expect("block header", BLOCK_HEADER_BYTES);
    }
  }

  #expect(field: Field, bytes: number): void {
    this.#field = field;
    this.#filled = 0;
    this.#wanted = bytes;
  }

  get #descriptor(): Descriptor {
    return readDescriptor(this.#bytes[START_BYTES - 1] as number);
  }
}
