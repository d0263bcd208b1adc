/**
 * The Admin API's answers as the operator takes them in. Words of the API stay as they are; what is malformed, or longer
 * than the CRD allows, is left out, and prose is cut, so that no status write can fail on what the API says.
 */
import * as z from 'zod';
import type { IssuedCertificate } from '../domain/call/result.ts';
import { heldCertificate, secretKeys } from '../domain/client-certificate.ts';
import { oneLine } from '../domain/conditions.ts';
import type { ClientCertificate, Instance, ServerCa } from '../domain/instance.ts';
import type { Operation } from '../domain/ssl-reset.ts';

/** As many as the CRD keeps of an operation's errors. */
const MAX_ERRORS = 16;

const word = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u);
const optionalWord = (max: number) => word(max).optional().catch(undefined);
/** A word on which a guard depends: absent only where the API leaves it out, and unreadable where it is anything else. */
const guardWord = z.preprocess((value) => (value === null || value === '' ? undefined : value), word(256).optional());
/** JSON writes an empty list of protobuf as an empty one, as null, or not at all. */
const list = <T>(entry: z.ZodType<T>) =>
  z
    .array(entry)
    .nullish()
    .transform((entries): readonly T[] => entries ?? []);
const optionalProse = (max: number) =>
  z
    .string()
    .transform((text) => oneLine(text, max))
    .optional()
    .catch(undefined);
const fingerprint = word(256).transform((text) => text.toLowerCase());

type Present<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Absent rather than undefined, as JSON has it: by that two statuses are compared. */
const present = <T extends object>(fields: T): Present<T> => JSON.parse(JSON.stringify(fields));

const operationError = z
  .object({ kind: optionalWord(256), code: optionalWord(256), message: optionalProse(4096) })
  .catch({})
  .transform(present);

const operationErrors = z
  .object({
    kind: optionalWord(256),
    errors: z
      .array(z.unknown())
      .transform((errors) => errors.slice(0, MAX_ERRORS).map((error) => operationError.parse(error)))
      .optional()
      .catch(undefined),
  })
  // An error in a form that nobody knows is still an error: a failed operation must not pass for a good one.
  .catch({})
  .transform(present);

const operationFields = z.object({
  kind: optionalWord(256),
  name: word(256),
  selfLink: optionalWord(2048),
  targetProject: optionalWord(256),
  targetId: optionalWord(256),
  targetLink: optionalWord(2048),
  operationType: optionalWord(256),
  status: optionalWord(256),
  user: optionalWord(512),
  insertTime: optionalWord(64),
  startTime: optionalWord(64),
  endTime: optionalWord(64),
  apiWarning: z
    .object({ code: optionalWord(256), message: optionalProse(4096), region: optionalWord(256) })
    .transform(present)
    .optional()
    .catch(undefined),
  error: z
    .unknown()
    .transform((error) => (error === null ? undefined : operationErrors.parse(error)))
    .optional(),
});

/** Fails only where there is no name. */
export const operation: z.ZodType<Operation> = operationFields.transform(present);

export interface OperationPage {
  readonly operations: readonly Operation[];
  readonly nextPageToken?: string;
}

/** One operation that cannot be read makes the page unreadable: an operation that is overlooked may be our own. */
export const operationPage: z.ZodType<OperationPage> = z
  .object({ items: list(operation), nextPageToken: z.string().nullish() })
  .transform(({ items, nextPageToken }) => ({
    operations: items,
    ...(nextPageToken && { nextPageToken }),
  }));

const certificate = z.object({
  sha1Fingerprint: fingerprint,
  cert: z.string().includes('-----BEGIN CERTIFICATE-----'),
  commonName: optionalProse(1024),
  createTime: optionalWord(64),
  expirationTime: optionalWord(64),
});

const serverCa: z.ZodType<ServerCa> = certificate.transform(({ cert, ...rest }) => ({ ...present(rest), pem: cert }));

const settings = z.object({
  activationPolicy: guardWord,
  ipConfiguration: z
    .object({ sslMode: guardWord, requireSsl: z.boolean().nullish(), serverCaMode: guardWord })
    .nullish(),
});

export const instance: z.ZodType<Instance> = z
  .object({
    state: word(256),
    backendType: guardWord,
    settings: settings.nullish(),
    // One that has no fingerprint makes the instance unreadable: it must not pass for one without a certificate.
    serverCaCert: z
      .object({ sha1Fingerprint: fingerprint })
      .loose()
      .transform((ca) => ({ fingerprint: ca.sha1Fingerprint, whole: serverCa.safeParse(ca).data }))
      .nullish(),
  })
  .transform(({ state, backendType, settings: read, serverCaCert }) => ({
    state,
    ...present({
      activationPolicy: read?.activationPolicy,
      backendType,
      sslMode: sslMode(read?.ipConfiguration ?? {}),
      serverCaMode: read?.ipConfiguration?.serverCaMode,
      serverCaSha1Fingerprint: serverCaCert?.fingerprint,
      serverCa: serverCaCert?.whole,
    }),
  }));

interface SslSettings {
  readonly sslMode?: string | undefined;
  readonly requireSsl?: boolean | null | undefined;
}

/** `requireSsl` is what `sslMode` was before; the API's reference says what it stands for where `sslMode` is not set. */
function sslMode({ sslMode: mode, requireSsl }: SslSettings): string | undefined {
  const isSet = mode !== undefined && mode !== 'SSL_MODE_UNSPECIFIED';
  return !isSet && requireSsl ? 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' : mode;
}

export interface ServerCaList {
  readonly serverCas: readonly ServerCa[];
  /** SHA-1 fingerprint of the active one. */
  readonly activeVersion?: string;
}

export const serverCaList: z.ZodType<ServerCaList> = z
  .object({ certs: list(serverCa), activeVersion: fingerprint.optional().catch(undefined) })
  .transform(({ certs, activeVersion }) => ({
    serverCas: certs,
    ...(activeVersion !== undefined && { activeVersion }),
  }));

export interface ServerCertificateList extends ServerCaList {
  /** SHA-1 fingerprint of the active server certificate. */
  readonly serverCertificate?: string;
}

/** `activeVersion` is here that of a server certificate; the CA that signed it has the same place in the other list. */
export const serverCertificateList: z.ZodType<ServerCertificateList> = z
  .object({
    caCerts: list(serverCa),
    serverCerts: list(z.object({ sha1Fingerprint: fingerprint })),
    activeVersion: fingerprint.optional().catch(undefined),
  })
  .transform(({ caCerts, serverCerts, activeVersion }) => {
    const place = serverCerts.findIndex(({ sha1Fingerprint }) => sha1Fingerprint === activeVersion);
    const serverCertificate = serverCerts[place]?.sha1Fingerprint;
    const activeCa = caCerts.length === serverCerts.length ? caCerts[place]?.sha1Fingerprint : undefined;
    return {
      serverCas: distinct(caCerts),
      ...present({ activeVersion: activeCa, serverCertificate }),
    };
  });

/** A CA service signs many certificates with one CA. */
const distinct = (cas: readonly ServerCa[]): readonly ServerCa[] => [
  ...new Map(cas.map((ca) => [ca.sha1Fingerprint, ca])).values(),
];

/** An entry without a fingerprint makes the list unreadable: it decides whether a reset locks somebody out. */
export const clientCertificates: z.ZodType<readonly ClientCertificate[]> = z
  .object({
    // The name as it is, since it is compared.
    items: list(z.object({ commonName: z.string().nullish(), sha1Fingerprint: fingerprint })),
  })
  .transform(({ items }) =>
    items.map(({ commonName, sha1Fingerprint }) => ({ commonName: commonName ?? '', sha1Fingerprint })),
  );

/** A key that is not that of the certificate is as good as none. */
export const issuedCertificate: z.ZodType<IssuedCertificate> = z
  .object({
    clientCert: z.object({
      certInfo: z.object({ sha1Fingerprint: fingerprint, cert: z.string() }),
      certPrivateKey: z.string(),
    }),
    operation: z
      .object({ name: word(256) })
      .optional()
      .catch(undefined),
  })
  .transform(({ clientCert: { certInfo, certPrivateKey }, operation: begun }) => ({
    sha1Fingerprint: certInfo.sha1Fingerprint,
    certificatePem: withLineEnd(certInfo.cert),
    privateKeyPem: withLineEnd(certPrivateKey),
    ...(begun !== undefined && { operation: begun.name }),
  }))
  .refine(
    ({ sha1Fingerprint, certificatePem, privateKeyPem }) =>
      heldCertificate({ [secretKeys.certificate]: certificatePem, [secretKeys.privateKey]: privateKeyPem })
        ?.sha1Fingerprint === sha1Fingerprint,
  );

const withLineEnd = (pem: string): string => `${pem.replaceAll('\r\n', '\n').trim()}\n`;

/** The body of an error answer; `reason` is '' where it has none. */
export const apiError = z
  .object({
    error: z.object({
      message: z.string().optional().catch(undefined),
      errors: z.array(z.unknown()).optional().catch(undefined),
    }),
  })
  .transform(({ error: { message = '', errors } }) => ({ message, reason: firstReason(errors?.[0]) }));

const reasonOf = z.object({ reason: z.string().regex(/^[\w.-]{1,128}$/) });
const firstReason = (error: unknown): string => reasonOf.safeParse(error).data?.reason ?? '';
