/** Operations, instances and errors as the Admin API answers them. Words of the API stay as they are. */
import * as z from 'zod';
import type { Operation } from '../domain/call/operation.ts';
import type { Instance } from '../domain/instance.ts';
import { serverCa } from './certificate-schemas.ts';
import { fingerprint, guardWord, list, optionalProse, optionalWord, present, word } from './schema-fields.ts';

/** As many as the CRD keeps of an operation's errors. */
const MAX_ERRORS = 16;

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

const settings = z.object({
  activationPolicy: guardWord,
  ipConfiguration: z
    .object({
      sslMode: guardWord,
      requireSsl: z.boolean().nullish(),
      serverCaMode: guardWord,
      serverCertificateRotationMode: optionalWord(64),
    })
    .nullish(),
});

export const instance: z.ZodType<Instance> = z
  .object({
    state: word(256),
    backendType: guardWord,
    masterInstanceName: guardWord,
    settings: settings.nullish(),
    replicaNames: z.array(word(256)).optional().catch(undefined),
    // One that has no fingerprint makes the instance unreadable: it must not pass for one without a certificate.
    serverCaCert: z
      .object({ sha1Fingerprint: fingerprint })
      .loose()
      .transform((ca) => ({ fingerprint: ca.sha1Fingerprint, whole: serverCa.safeParse(ca).data }))
      .nullish(),
  })
  .transform(({ state, backendType, masterInstanceName, settings: read, replicaNames, serverCaCert }) => ({
    state,
    ...present({
      activationPolicy: read?.activationPolicy,
      backendType,
      sslMode: sslMode(read?.ipConfiguration ?? {}),
      primary: masterInstanceName === '' ? undefined : masterInstanceName,
      serverCaMode: read?.ipConfiguration?.serverCaMode,
      serverCertificateRotationMode: read?.ipConfiguration?.serverCertificateRotationMode,
      replicaNames: replicaNames?.length === 0 ? undefined : replicaNames,
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
