/** From the instance's CAs to what is published and to the digest that rolls the workloads. */
import { createHash } from 'node:crypto';
import { oneLine } from '../../lib/one-line.ts';
import type { InstanceRef, ServerCas } from '../instance.ts';
import { instanceKey } from '../instance.ts';
import type { Metadata } from '../object.ts';
import type { ClientCertificateStatus, Distribution, DistributionSpec, ServerCaStatus } from './distribution.ts';
import type { TemplateAnnotations } from './workload.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The annotation of a pod template that rolls it. DO NOT CHANGE: another key would roll every workload once more.
 */
export const templateAnnotationKey = (instance: InstanceRef): string =>
  `tls.cloudsql-ssl.dev/${sha256(instanceKey(instance)).slice(0, 16)}`;

/**
 * The same CAs give the same digest, whichever object publishes them and under which `contents`, so that two objects of
 * one instance do not roll each other's workloads. DO NOT CHANGE: another digest would roll every workload once more.
 */
export function revision(cas: ServerCas): string {
  const [active, ...others] = cas.map(({ sha1Fingerprint }) => sha1Fingerprint);
  return sha256([active, ...others.toSorted()].join('\n')).slice(0, 32);
}

/**
 * What the pod template of a dependent carries after the roll: the digest of the instance's CAs, and, under a key of the
 * object's own, that of its client certificates, so that two objects of one instance with different certificates do not
 * roll each other's workloads. DO NOT CHANGE, as above.
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

const ownAnnotationKey = ({ namespace, name }: Metadata): string =>
  `tls.cloudsql-ssl.dev/${sha256(`cloudsqlsslresets/${namespace}/${name}`).slice(0, 16)}`;

function clientCertificatesRevision(certificates: readonly ClientCertificateStatus[]): string {
  const lines = certificates.map(({ secretName = '', sha1Fingerprint = '' }) => `${secretName} ${sha1Fingerprint}`);
  return sha256(lines.toSorted().join('\n')).slice(0, 32);
}

type Contents = NonNullable<DistributionSpec['serverCa']>['contents'];

/** How many of the CAs. */
const CONTENTS: Readonly<Record<Contents, number>> = { All: Number.POSITIVE_INFINITY, Active: 1 };

/** The PEM that applications read, the active CA first: all of them, too, for a value of another version of the CRD. */
export const serverCaPem = (cas: ServerCas, contents: Contents): string =>
  cas
    .slice(0, CONTENTS[contents])
    .map(({ pem }) => `${pem.replaceAll('\r\n', '\n').trim()}\n`)
    .join('');

export function serverCaStatus(
  cas: ServerCas,
  extra: {
    readonly previousSha1Fingerprint: string | undefined;
    readonly readTime: string;
    readonly publishedTo: string | undefined;
  },
): ServerCaStatus {
  const [active] = cas;
  const { previousSha1Fingerprint, readTime, publishedTo } = extra;
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
  };
}

/** For the eye: nobody plans an expiry by milliseconds. What is no time is kept as it is. */
const inSeconds = (time: string): string => time.replace(/^(.*T\d\d:\d\d:\d\d)\.\d+Z$/, '$1Z');
