import { annotations, GROUP } from '../domain/object.ts';
import { KIND, PLURAL } from '../domain/reset/ssl-reset.ts';
import { KIND as SERVER_CA, PLURAL as SERVER_CAS } from '../domain/server-ca/server-ca-object.ts';
import { UsageError } from './errors.ts';
import { nameOf, type ShownObject, type ShownStatus } from './shown-object.ts';

/** What an object of the kind has published, as its status says. */
export interface Published {
  /** `Secret/name` or `ConfigMap/name`; absent where it is nowhere. */
  readonly place?: string;
  readonly what: string;
  readonly sha1Fingerprint?: string;
  readonly detail: string;
}

export interface ShownKind {
  readonly name: string;
  /** By plural and group: short names and singulars may be another API's too. */
  readonly resource: string;
  /** What may stand before a name, the short one first: `sslreset/orders-db`; also with the group, as kubectl prints names. */
  readonly words: readonly string[];
  readonly published: (status: ShownStatus) => readonly Published[];
  /** The value of the annotation `retry` that the operator has seen last. */
  readonly seenRetry: (status: ShownStatus) => string | undefined;
}

/** The kinds that every command knows. */
export const KINDS: readonly ShownKind[] = [
  {
    name: SERVER_CA,
    resource: `${SERVER_CAS}.${GROUP}`,
    words: ['sqlca', 'cloudsqlserverca', SERVER_CAS],
    published: ({ serverCas = [], publishedTo }) => serverCas.map((ca) => publishedInRole(ca, publishedTo)),
    seenRetry: ({ retry }) => retry,
  },
  {
    name: KIND,
    resource: `${PLURAL}.${GROUP}`,
    words: ['sslreset', 'cloudsqlsslreset', PLURAL],
    published: ({ serverCa, clientCertificates = [] }) => [
      ...(serverCa === undefined ? [] : [publishedServerCa(serverCa)]),
      ...clientCertificates.map(publishedCertificate),
    ],
    seenRetry: ({ request }) => request?.retry,
  },
];

export const kindOf = ({ kind }: ShownObject): ShownKind | undefined => KINDS.find(({ name }) => name === kind);

/** As a line calls it: `sslreset orders/orders-db`. */
export const titleOf = (object: ShownObject): string => `${kindOf(object)?.words[0] ?? object.kind} ${nameOf(object)}`;

/** A name that may stand for objects of several kinds, as kubectl takes it: `resource/name`. */
export function targetsOf(word: string): readonly string[] {
  const [before = '', name] = word.split('/', 2);
  if (name === undefined) return KINDS.map(({ resource }) => `${resource}/${before}`);
  const said = before.toLowerCase().replace(`.${GROUP}`, '');
  const kind = KINDS.find(({ words }) => words.includes(said));
  if (kind === undefined) throw new UsageError(`${word}: the kind is none of ${kindWords().join(', ')}`);
  return [`${kind.resource}/${name}`];
}

const kindWords = (): readonly string[] => KINDS.flatMap(({ words }) => words);

/** A retry that was asked for and that the operator has not seen: it is no longer at its end. */
export function awaitsRetry(object: ShownObject): boolean {
  const wanted = object.metadata.annotations?.[annotations.retry];
  if (wanted === undefined || wanted.trim() === '') return false;
  return kindOf(object)?.seenRetry(object.status ?? {}) !== wanted.slice(0, MAX_RETRY).toWellFormed();
}

/** As much of the value as a status keeps. */
const MAX_RETRY = 1024;

function publishedServerCa(serverCa: NonNullable<ShownStatus['serverCa']>): Published {
  const { publishedTo, sha1Fingerprint, expirationTime, previousSha1Fingerprint } = serverCa;
  return {
    ...(publishedTo !== undefined && { place: publishedTo }),
    what: 'server CA',
    ...(sha1Fingerprint !== undefined && { sha1Fingerprint }),
    detail: listed([
      ['expires', expirationTime],
      ['before the reset', previousSha1Fingerprint],
    ]),
  };
}

function publishedInRole(
  { role, published, sha1Fingerprint, expirationTime }: NonNullable<ShownStatus['serverCas']>[number],
  publishedTo: string | undefined,
): Published {
  return {
    ...(published && publishedTo !== undefined && { place: publishedTo }),
    what: `server CA ${role}`,
    sha1Fingerprint,
    detail: listed([['expires', expirationTime]]),
  };
}

function publishedCertificate(certificate: NonNullable<ShownStatus['clientCertificates']>[number]): Published {
  const { commonName, secretName, sha1Fingerprint, expirationTime, reason, message } = certificate;
  return {
    ...(secretName !== undefined && { place: `Secret/${secretName}` }),
    what: `client certificate ${commonName}`,
    ...(sha1Fingerprint !== undefined && { sha1Fingerprint }),
    detail: reason === undefined ? listed([['expires', expirationTime]]) : `${reason}: ${message ?? ''}`,
  };
}

const listed = (parts: readonly (readonly [string, string | undefined])[]): string =>
  parts.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`])).join(', ');
