/** The server certificates of an instance with a CA service: read and recorded for an object that rotates. */
import { isDeepStrictEqual } from 'node:util';
import { CloudSqlError } from '../../domain/errors.ts';
import { instanceKey } from '../../domain/instance.ts';
import { type RecordedCertificate, recordedCertificates } from '../../domain/server-ca/certificates.ts';
import { onceActive } from '../../domain/server-ca/roles.ts';
import { isUnderWay } from '../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { type StatusChanges, withChanges } from '../../domain/server-ca/status.ts';
import { normal, type StepEvent } from '../pass.ts';
import { readServerCas } from '../publishing/server-cas.ts';
import type { KeptOwner } from './ca-owners.ts';
import type { Conclusion, ServerCaContext } from './context.ts';
import type { Look } from './looks.ts';
import { followVerdict } from './rotation/moved.ts';

/** What a look finds; with the server certificates where there are any, and they can be read. */
export async function lookAt(object: CloudSqlServerCa, context: ServerCaContext): Promise<Look> {
  const { cloudSql, looks } = context;
  const group = instanceKey(object.spec);
  const kept = await ownerOf(object, context);
  if (kept?.owner !== 'Service') {
    return looks.look(group, async () => ({ cas: await readServerCas(cloudSql.lowPriority, object.spec) }));
  }
  return looks.lookAtCertificates(group, async () => {
    try {
      const { serverCas: cas, certificates } = await cloudSql.lowPriority.serverCertificates(object.spec);
      return { cas, certificates };
    } catch (error) {
      const isRefused = error instanceof CloudSqlError && (error.kind === 'Invalid' || error.kind === 'Unreadable');
      if (!isRefused) throw error;
      // Clients do not wait for it; whether the instance still has a CA service is asked for before the next look.
      looks.owners.forget(object.metadata.uid);
      return { cas: await readServerCas(cloudSql.lowPriority, object.spec) };
    }
  });
}

/** Undefined: the object rotates nothing, or the instance cannot be read. */
async function ownerOf(
  { metadata, spec, status }: CloudSqlServerCa,
  { cloudSql, looks }: ServerCaContext,
): Promise<KeptOwner | undefined> {
  if (spec.rotation.mode === 'Never' && !isUnderWay(status) && status.certificates === undefined) return undefined;
  const known = looks.owners.known(metadata.uid);
  if (known !== undefined) return known;
  looks.pace.spend(spec.project);
  try {
    return looks.owners.note(metadata.uid, await cloudSql.lowPriority.instance(spec));
  } catch (error) {
    if (error instanceof CloudSqlError) return undefined;
    throw error;
  }
}

export interface CertificateNews {
  readonly changes: Pick<StatusChanges, 'certificates' | 'serverCertificateRotationMode'>;
  readonly events: readonly StepEvent[];
}

interface Judged {
  readonly look: Look;
  /** SHA-1 fingerprints of those that were switched back from. */
  readonly rejected: readonly string[];
}

/** What a look says of them that the status does not; undefined: nothing. */
export function certificateNews(
  object: CloudSqlServerCa,
  { look: { certificates: listed }, rejected }: Judged,
  { index, looks }: ServerCaContext,
): CertificateNews | undefined {
  const { certificates: before, serverCertificateRotationMode: modeBefore } = object.status;
  const kept = looks.owners.known(object.metadata.uid);
  if (kept === undefined || (kept.owner === 'Service' && listed === undefined)) return undefined;
  const siblings = index.siblingsOf(object);
  const certificates =
    listed &&
    recordedCertificates(listed, {
      pastActive: [...onceActive(before), ...siblings.pastActive(), ...rejected],
      rotatingTo: siblings.rotations.coming(),
    });
  const mode = certificates && kept.rotationMode;
  if (isDeepStrictEqual(certificates, before) && mode === modeBefore) return undefined;
  return { changes: { certificates, serverCertificateRotationMode: mode }, events: eventsOf(before, certificates) };
}

/** What is published and rolled stays as it is. */
export function withNews(
  object: CloudSqlServerCa,
  news: CertificateNews | undefined,
  { clock }: Pick<ServerCaContext, 'clock'>,
): { readonly conclusion?: Conclusion } {
  if (news === undefined) return {};
  const { changes, events } = news;
  const verdict = followVerdict({ ...object, status: withChanges(object.status, changes) }, clock.now());
  return { conclusion: { changes, verdict, events, afterMs: 0 } };
}

function eventsOf(
  before: readonly RecordedCertificate[] = [],
  now: readonly RecordedCertificate[] = [],
): readonly StepEvent[] {
  const [last, active] = [before, now].map((all) => all.find(({ role }) => role === 'Active')?.sha1Fingerprint);
  const added = now.filter(
    ({ role, sha1Fingerprint }) => role === 'Waiting' && !before.some((one) => one.sha1Fingerprint === sha1Fingerprint),
  );
  return [
    ...(last === undefined || active === undefined || last === active
      ? []
      : [
          normal(
            'ServerCertificateChanged',
            'Observe',
            `The active server certificate has changed: ${last} → ${active}`,
          ),
        ]),
    ...added.map(({ sha1Fingerprint }) =>
      normal('ServerCertificateWaiting', 'Observe', `The server certificate ${sha1Fingerprint} waits to be used`),
    ),
  ];
}
