/** A client certificate with its key in the formats that the spec wants beside the PEM. */
import type { WantedCertificate } from '../../domain/trust/distribution.ts';
import { type CertificateData, secretKeys } from '../../domain/trust/held-certificate.ts';
import type { CertificateFormat } from '../../domain/trust/keystore-password.ts';
import { certificatesOf } from '../../domain/trust/pem.ts';
import { pkcs8Der, pkcs8Pem } from '../../domain/trust/private-key.ts';
import { textOf, utf8 } from '../../lib/bytes.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { ObjectData, PublishedObject } from '../ports.ts';
import type { Encodings } from './encodings.ts';
import type { Passwords } from './passwords.ts';

export const TLS_TYPE = 'kubernetes.io/tls';
const TLS_KEYS = { certificate: 'tls.crt', privateKey: 'tls.key', serverCa: 'ca.crt' } as const;

/** What a Secret with formats is made with. */
export interface Sources {
  readonly passwords: Passwords;
  readonly encodings: Encodings;
}

interface Input extends Sources {
  readonly data: CertificateData;
  /** What the Secret holds now. */
  readonly stored: ObjectData;
}

type Encode = (format: CertificateFormat, input: Input) => ObjectData | Promise<ObjectData>;

const keyOf = ({ data }: Input): string => textOf(data[secretKeys.privateKey]);

const under = ({ key }: CertificateFormat, bytes: Uint8Array): ObjectData =>
  key === undefined ? {} : { [key]: bytes };

const FORMATS: Readonly<Record<CertificateFormat['format'], Encode>> = {
  PKCS12: keystore,
  PKCS8: (format, input) => under(format, pkcs8Der(keyOf(input))),
  CombinedPEM: (format, input) =>
    under(format, utf8(pkcs8Pem(keyOf(input)) + textOf(input.data[secretKeys.certificate]))),
  TLS: (_format, input) => ({
    [TLS_KEYS.certificate]: input.data[secretKeys.certificate],
    [TLS_KEYS.privateKey]: utf8(pkcs8Pem(keyOf(input))),
    [TLS_KEYS.serverCa]: input.data[secretKeys.serverCa],
  }),
};

/** While the password is missing the keystore stays as it is: somebody may work with it. */
async function keystore(format: CertificateFormat, input: Input): Promise<ObjectData> {
  const { key = '', passwordSecretRef } = format;
  const { data, stored, passwords, encodings } = input;
  const password = passwordSecretRef && passwords.of(passwordSecretRef);
  const held = ownValue(stored, key);
  if (password === undefined) return held === undefined ? {} : under(format, held);
  const [pem, keyPem] = [data[secretKeys.certificate], keyOf(input)];
  const bytes = await encodings.of(['PKCS12 keystore', password, pem, keyPem], held, async () => {
    const [certificate = NOTHING] = certificatesOf(textOf(pem));
    const { keyStore } = await import('../../keystore/pkcs12.ts');
    return keyStore({ privateKey: pkcs8Der(keyPem), certificate }, password);
  });
  return under(format, bytes);
}

const NOTHING = new Uint8Array();

/** All keys of the Secret of a client certificate. */
export async function withFormats(
  wanted: WantedCertificate,
  data: CertificateData,
  { before, ...sources }: Sources & { readonly before: PublishedObject | undefined },
): Promise<ObjectData> {
  const input = { ...sources, data, stored: before?.data ?? {} };
  const formats = formatsOf(wanted, before).map((format) => FORMATS[format.format](format, input));
  return Object.assign({}, ...(await Promise.all(formats)), data);
}

/** A Secret of type kubernetes.io/tls must hold its keys, so they stay where they are ours. */
function formatsOf(
  { additionalFormats = [] }: WantedCertificate,
  before: PublishedObject | undefined,
): readonly CertificateFormat[] {
  const needsTls = before?.type === TLS_TYPE && before.ownKeys.includes(TLS_KEYS.certificate);
  const hasTls = additionalFormats.some(isTls);
  return needsTls && !hasTls ? [...additionalFormats, { format: 'TLS' } as const] : additionalFormats;
}

export const isTls = ({ format }: CertificateFormat): boolean => format === 'TLS';

/** What stands in for them before the certificate is issued. */
export const dryRunFormats = (
  wanted: WantedCertificate,
  before: PublishedObject | undefined,
  standIn: Uint8Array,
): ObjectData =>
  Object.fromEntries(
    formatsOf(wanted, before).flatMap((format) =>
      (isTls(format) ? Object.values(TLS_KEYS) : [format.key ?? '']).map((name) => [name, standIn]),
    ),
  );
