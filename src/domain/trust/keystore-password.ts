/** The passwords of keystores: where they are, and what is known of them once they were read. */
import { shell } from '../../lib/shell.ts';
import { annotations } from '../object.ts';
import { keyedDigest } from './digest.ts';
import type { DistributionSpec, WantedCertificate } from './distribution.ts';
import { storePassword } from './usable.ts';

export type CertificateFormat = NonNullable<WantedCertificate['additionalFormats']>[number];
export type PasswordRef = NonNullable<CertificateFormat['passwordSecretRef']>;

export type Password =
  | { readonly kind: 'Known'; readonly password: string }
  /** `message`: why there is none, and the way out. */
  | { readonly kind: 'Missing'; readonly message: string };

/** Of one certificate, in the order of its formats. */
export const passwordRefs = ({ additionalFormats = [] }: WantedCertificate): readonly PasswordRef[] =>
  additionalFormats.flatMap(({ passwordSecretRef }) => (passwordSecretRef === undefined ? [] : [passwordSecretRef]));

export const wantsPasswords = ({ clientCertificates = [] }: Pick<DistributionSpec, 'clientCertificates'>): boolean =>
  clientCertificates.some((one) => passwordRefs(one).length > 0);

interface PasswordSecret {
  readonly namespace: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * What the Secret says. One that does not name the owner holds no password for it: else anybody who may create an object
 * could have what any Secret of the namespace holds used as a password.
 */
export function passwordIn(ref: PasswordRef, secret: PasswordSecret | undefined, owner: string): Password {
  const missing = (what: string): Password => ({ kind: 'Missing', message: `Secret/${ref.name} ${what}` });
  if (secret === undefined)
    return missing(`does not exist: create it, with the password of the keystore under ${ref.key}`);
  if (secret.annotations[annotations.passwordFor] !== owner) {
    const give = shell`kubectl -n ${secret.namespace} annotate secret ${ref.name} --overwrite ${annotations.passwordFor}=${owner}`;
    return missing(`is not given to this object as a password. Give it with: ${give}`);
  }
  const password = secret.texts[ref.key];
  if (password === undefined) return missing(`has no key ${ref.key}: add it, or correct passwordSecretRef`);
  const isUsable = password !== '' && storePassword.holds(password);
  return isUsable
    ? { kind: 'Known', password }
    : missing(
        `holds no usable password under ${ref.key}: it takes 1 to 128 printable ASCII characters, and no line feed`,
      );
}

/** Another value exactly when another password, or a certificate with another key, was published. It tells neither. */
export const passwordDigest = (privateKey: Uint8Array, passwords: readonly string[]): string =>
  keyedDigest(privateKey, ...passwords).slice(0, 32);
