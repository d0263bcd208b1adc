/** From the instance's CAs to what is published and to the digest that rolls the workloads. */
import { oneLine } from '../../lib/one-line.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { InstanceRef, ServerCas } from '../instance.ts';
import { instanceKey } from '../instance.ts';
import type { Metadata } from '../object.ts';
import { type CaInRole, inRoles } from './ca-roles.ts';
import { sha256 } from './digest.ts';
import type {
  ClientCertificateStatus,
  Distribution,
  DistributionSpec,
  ServerCaSpec,
  ServerCaStatus,
} from './distribution.ts';
import { areAlike } from './one-subject.ts';
import type { TemplateAnnotations } from './workload.ts';

/**
 * The annotation of a pod template that rolls it. DO NOT CHANGE: another key would roll every workload once more.
 */
export const templateAnnotationKey = (instance: InstanceRef): string =>
  `tls.cloudsql-ssl.dev/${sha256(instanceKey(instance)).slice(0, 16)}`;

/**
 * The same CAs give the same digest, whichever object publishes them and under which `contents`, so that two objects of
 * one instance do not roll each other's workloads. DO NOT CHANGE: another digest would roll every workload once more.
 */
export const revision = (cas: ServerCas): string => revisionOf(cas.map(({ sha1Fingerprint }) => sha1Fingerprint));

/** @param fingerprints SHA-1 in lower-case hex, the active CA's first */
export function revisionOf([active, ...others]: readonly string[]): string {
  return sha256([active, ...others.toSorted()].join('\n')).slice(0, 32);
}

/**
 * What the pod template of a dependent carries after the roll: the digest of the instance's CAs, and, under a key of the
 * object's own, that of its client certificates, so that two objects of one instance with different certificates do not
 * roll each other's workloads. Who needs only the CAs carries their digest alone. DO NOT CHANGE, as above.
 *
 * @param live its client certificates that are in their Secrets
 */
export const templateAnnotations = (
  { metadata, spec, status }: Distribution,
  live: readonly ClientCertificateStatus[],
): TemplateAnnotations => ({
  [templateAnnotationKey(spec)]: status.rollout?.revision ?? '',
  ...(live.length > 0 && { [ownAnnotationKey(metadata)]: clientCertificatesRevision(live) }),
});

/** What stands in for them before the reset: the same keys, and a value of the same shape. */
export const dryRunAnnotations = ({ metadata, spec }: Distribution): TemplateAnnotations => ({
  [templateAnnotationKey(spec)]: DRY_RUN_REVISION,
  ...((spec.clientCertificates ?? []).length > 0 && { [ownAnnotationKey(metadata)]: DRY_RUN_REVISION }),
});

const DRY_RUN_REVISION = '0'.repeat(32);

const ownAnnotationKey = ({ namespace, name }: Metadata, plural = 'cloudsqlsslresets'): string =>
  `tls.cloudsql-ssl.dev/${sha256(`${plural}/${namespace}/${name}`).slice(0, 16)}`;

/** Has the workloads of a CloudSqlServerCa restarted once for `generation`, whatever their templates carry. */
export const restartAnnotation = (metadata: Metadata, generation: number): TemplateAnnotations => ({
  [ownAnnotationKey(metadata, 'cloudsqlservercas')]: sha256(`${metadata.uid} ${generation}`).slice(0, 32),
});

function clientCertificatesRevision(certificates: readonly ClientCertificateStatus[]): string {
  const lines = certificates.map(({ secretName = '', sha1Fingerprint = '', passwordDigest }) =>
    [secretName, sha1Fingerprint, ...(passwordDigest === undefined ? [] : [passwordDigest])].join(' '),
  );
  return sha256(lines.toSorted().join('\n')).slice(0, 32);
}

type Contents = NonNullable<NonNullable<DistributionSpec['serverCa']>['contents']>;

/** Of the CAs of an instance, by SHA-1 fingerprint. */
export interface CaUse {
  readonly pastActive: readonly string[];
  /** An object of the instance is about to switch to them, or may take it back to them. */
  readonly rotating: readonly string[];
}

type Choice = (listed: ServerCas, use: CaUse) => ServerCas;

/**
 * With the active one goes what waits to be used next, and what a rotation is between, or its clients would be cut off by a
 * switch or a switch back; but for a CA that they could not tell apart.
 */
const activeAndNext: Choice = (listed, { pastActive, rotating }) => {
  const [active] = listed;
  const isOfUse = ({ role, sha1Fingerprint }: CaInRole): boolean =>
    role === 'Waiting' || rotating.includes(sha1Fingerprint);
  return inRoles(listed, new Set(pastActive)).filter(
    (ca) => ca.role === 'Active' || (isOfUse(ca) && active !== undefined && !areAlike(active, ca)),
  );
};

const CHOICES = { All: (listed) => listed, Active: activeAndNext } satisfies Record<Contents, Choice>;

/**
 * Which of the CAs are published: all of them, too, for a value of another version of the CRD.
 *
 * @param listed as the instance lists them, the active one first
 */
export function publishedCas(listed: ServerCas, contents: Contents, use: CaUse): ServerCas {
  const choose = ownValue(CHOICES, contents) ?? CHOICES.All;
  return choose(listed, use);
}

/** What reads such a format of it trusts no other CA than the active one. */
export const holdsActiveAlone = (serverCa: Pick<ServerCaSpec, 'additionalFormats'> | undefined): boolean =>
  serverCa?.additionalFormats?.some(({ format }) => format === 'DER') === true;

/**
 * The PEM that applications read. The active CA is first: clients on OpenSSL take the first of two CAs with one subject and
 * no key identifiers, and others read the first alone.
 */
export const serverCaPem = (cas: ServerCas): string => cas.map(({ pem }) => readablePem(pem)).join('');

/**
 * Only what clients stumble over is changed. Two blocks in one line: libpq, Java and pgx refuse the file, sqlx and Node
 * take it as if the second one were not there. Outside ASCII: a text before a block, such as a byte order mark.
 */
const readablePem = (pem: string): string => {
  const lines = pem.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\t\n -~]/g, '');
  return `${lines.trim().replaceAll(/-----END CERTIFICATE-----(?=-)/g, '$&\n')}\n`;
};

/** More than an instance ever lists. */
const MAX_PUBLISHED = 16;

export function serverCaStatus(
  cas: ServerCas,
  extra: {
    readonly previousSha1Fingerprint: string | undefined;
    readonly readTime: string;
    readonly publishedTo: string | undefined;
    /** Those of them that are published. */
    readonly published: ServerCas;
    /** SHA-1 fingerprints of those of them that workloads do not roll for yet. */
    readonly heldBack?: readonly string[];
  },
): ServerCaStatus {
  const [active] = cas;
  const { previousSha1Fingerprint, readTime, publishedTo, published, heldBack = [] } = extra;
  return {
    count: cas.length,
    readTime,
    ...(active !== undefined && {
      sha1Fingerprint: active.sha1Fingerprint,
      ...(active.commonName !== undefined && { commonName: oneLine(active.commonName, 1024) }),
      ...(active.createTime !== undefined && { createTime: active.createTime }),
      ...(active.expirationTime !== undefined && { expirationTime: inSeconds(active.expirationTime) }),
    }),
    ...(previousSha1Fingerprint !== undefined && { previousSha1Fingerprint }),
    ...(publishedTo !== undefined && { publishedTo }),
    published: published.slice(0, MAX_PUBLISHED).map(({ sha1Fingerprint }) => sha1Fingerprint),
    ...(heldBack.length > 0 && { heldBack: heldBack.slice(0, MAX_PUBLISHED) }),
  };
}

/** For the eye: nobody plans an expiry by milliseconds. What is no time is kept as it is. */
export const inSeconds = (time: string): string => time.replace(/^(.*T\d\d:\d\d:\d\d)\.\d+Z$/, '$1Z');
