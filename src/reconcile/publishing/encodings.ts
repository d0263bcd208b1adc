/** What was encoded of which input, so that a look at what is unchanged encodes nothing. */
import { digestOf } from '../../domain/trust/digest.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';

/** Of digests, 200 bytes each: those of the objects that were looked at last. */
const MAX_KNOWN = 20_000;

export class Encodings {
  /** Digests of the bytes, by digests of what they were encoded from. */
  readonly #known = new BoundedMap<string, string>(MAX_KNOWN);

  /**
   * The bytes that `encode` makes of the input: those that are stored already, where they are known to be just these.
   * @param encode gives the same bytes for the same input
   */
  async of(
    input: readonly (string | Uint8Array)[],
    stored: Uint8Array | undefined,
    encode: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const key = digestOf(...input);
    if (stored !== undefined && this.#known.get(key) === digestOf(stored)) return stored;
    const bytes = await encode();
    this.#known.set(key, digestOf(bytes));
    return bytes;
  }
}
