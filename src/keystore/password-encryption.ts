/**
 * What a password protects, as every reader of PKCS#12 takes it: PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC
 * (RFC 8018), and a MAC by HMAC-SHA-256 with the key derivation of PKCS#12 (RFC 7292, appendix B).
 */
import { createCipheriv, createHmac, hash, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { integer, nothing, objectIdentifier, octetString, sequence, utf16 } from './der.ts';

const pbkdf2OffThread = promisify(pbkdf2);
const turn = promisify(setImmediate);

/** As Java takes by default; PBKDF2 runs in a thread of its own. */
const ITERATIONS = 10_000;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const BLOCK_BYTES = 64;

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** How one file is protected. */
export interface Protection {
  /** ASCII. */
  readonly password: string;
  /**
   * What the salts and vectors are derived from, so that the same input gives the same bytes. Where the password is a
   * secret this has to hold one too, a private key say: a salt made of nothing but what is public would tell a guessed
   * password from the right one by a single hash.
   */
  readonly seed: Uint8Array;
}

/** Salt or vector for one purpose. */
const derived = ({ seed, password }: Protection, purpose: string): Uint8Array =>
  createHmac('sha256', seed).update(`${purpose}\0${password}`).digest().subarray(0, SALT_BYTES);

export interface Encrypted {
  /** An `AlgorithmIdentifier`. */
  readonly algorithm: Uint8Array;
  readonly bytes: Uint8Array;
}

/** @param purpose another one for each part of a file: no two share a key */
export async function encrypt(plain: Uint8Array, purpose: string, protection: Protection): Promise<Encrypted> {
  const salt = derived(protection, `${purpose} salt`);
  const iv = derived(protection, `${purpose} vector`);
  const key = await pbkdf2OffThread(protection.password, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const hmac = sequence(objectIdentifier(OID.hmacSha256), nothing());
  const derivation = sequence(octetString(salt), integer(ITERATIONS), integer(KEY_BYTES), hmac);
  const parameters = sequence(
    sequence(objectIdentifier(OID.pbkdf2), derivation),
    sequence(objectIdentifier(OID.aes256Cbc), octetString(iv)),
  );
  return {
    algorithm: sequence(objectIdentifier(OID.pbes2), parameters),
    bytes: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

/** The `MacData` over the contents of a file. */
export async function macData(contents: Uint8Array, protection: Protection): Promise<Uint8Array> {
  const salt = derived(protection, 'mac salt');
  const mac = createHmac('sha256', await macKey(protection.password, salt))
    .update(contents)
    .digest();
  const algorithm = sequence(objectIdentifier(OID.sha256), nothing());
  return sequence(sequence(algorithm, octetString(mac)), octetString(salt), integer(ITERATIONS));
}

/** After so many, whatever else waits for the event loop comes first. */
const ROUNDS_A_TURN = 1_000;

/** RFC 7292, appendix B.2: one block of SHA-256 is all that a key of 32 bytes needs. Nothing does its rounds off the thread. */
async function macKey(password: string, salt: Uint8Array): Promise<Uint8Array> {
  const MAC_KEY = 3;
  const ended = utf16(`${password}\0`);
  let key = Buffer.concat([new Uint8Array(BLOCK_BYTES).fill(MAC_KEY), filled(salt), filled(ended)]);
  for (let round = 1; round <= ITERATIONS; round += 1) {
    key = hash('sha256', key, 'buffer');
    if (round % ROUNDS_A_TURN === 0) await turn();
  }
  return key;
}

/** Repeated until it fills whole blocks. */
const filled = (bytes: Uint8Array): Uint8Array =>
  Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes);
