import { isDeepStrictEqual } from 'node:util';
import { stalled, type Verdict } from '../../domain/conditions.ts';
import { retryValue } from '../../domain/object.ts';
import { LOOKING_FOR_DEPENDENTS } from '../../domain/server-ca/completion.ts';
import type { Publication } from '../../domain/server-ca/publication.ts';
import {
  activeCa,
  type CloudSqlServerCa,
  distributionOf,
  hasNewRetry,
  isPublished,
} from '../../domain/server-ca/server-ca-object.ts';
import { fingerprintsIn } from '../../domain/trust/fingerprints.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { revision } from '../../domain/trust/tls-material.ts';
import { textOf } from '../../lib/bytes.ts';
import { ownValue } from '../../lib/own-value.ts';
import { shell } from '../../lib/shell.ts';
import { normal, type StepEvent } from '../pass.ts';
import type { PublishedContents, PublishedObject } from '../ports.ts';
import { subjectOf } from '../publish-events.ts';
import { applyObject, isUpToDate } from '../publishing/apply.ts';
import { serverCaContents } from '../publishing/targets.ts';
import { type ClosedWindows, opening } from '../window-check.ts';
import { type CertificateNews, certificateNews, withNews } from './certificates.ts';
import type { Conclusion, ServerCaContext } from './context.ts';
import { isFoundStale } from './found.ts';
import { inWindows } from './held-back.ts';
import type { Look } from './looks.ts';
import { mayFollow } from './permitted.ts';
import { rejectedOf, rotationAtLook, withRejected } from './rotation/at-look.ts';

/** What a look found: the published object as it was before, and the CAs of the instance. */
export interface Publishing {
  readonly before: PublishedObject | undefined;
  readonly look: Look;
}

export interface Published {
  /** Nothing yet: pods may have started with what is there, and have to be restarted. */
  readonly isFoundStale?: true;
  /** What kept it from being published. */
  readonly obstacle?: Verdict;
  /** Absent: nothing is new. */
  readonly conclusion?: Conclusion;
  /** The window that is waited for. */
  readonly closed?: ClosedWindows | undefined;
}

/** Publishes what the look found, where the object does not hold it yet. @throws KubernetesError */
export async function publishLook(
  object: CloudSqlServerCa,
  { before, look }: Publishing,
  context: ServerCaContext,
): Promise<Published> {
  const { spec, status } = object;
  const held = before && ownValue(before.data, spec.serverCa.key);
  const siblings = context.index.siblingsOf(object);
  const rejected = rejectedOf(object, before);
  const seen = {
    listed: look.cas,
    pastActive: [...siblings.pastActive(), ...rejected],
    rotatingTo: siblings.rotations.coming(),
    rotating: siblings.rotations.between(),
    // Where the status is lost, it shows what the workloads may hold.
    held: status.serverCas === undefined && held !== undefined ? fingerprintsIn(textOf(held)) : [],
    now: context.clock.now(),
  };
  const { publication, closed } = await inWindows(object, seen, context);
  if (await isFoundStale(object, before, publication, context)) return { isFoundStale: true };
  const { encodings } = context.memory;
  const made = await serverCaContents(distributionOf(object), publication.cas, { before, encodings });
  if (made === undefined) return {};
  const contents = withRejected(made, rejected);
  const news = certificateNews(object, { look, rejected }, context);
  const isSame = hasStayed(object, publication, contents, context);
  const isHeld = before !== undefined && isUpToDate(before, contents);
  if (isSame && isHeld) return { ...withNews(object, news, context), closed };
  const isEdited = before !== undefined && !isHeld && isPublishedAs(object, publication, contents);
  if (isEdited && context.looks.isFought(object.metadata.uid)) return { obstacle: fought(contents, before) };
  const allowed = await mayFollow(object, context);
  if (!allowed.allowed)
    return { obstacle: stalled('NotPermitted', `Nothing is published or rolled: ${allowed.message}`) };
  const obstacle = await applyObject(context, contents, { before, dryRun: false });
  if (obstacle !== undefined) return { obstacle };
  if (isEdited) context.looks.noteEdit(object.metadata.uid);
  if (isSame) {
    reportRestored(object, contents, before, context);
    return { ...withNews(object, news, context), closed };
  }
  const found = { ...publication, rejected, closed, news };
  return { conclusion: concluded(object, found, contents, context), closed };
}

/** These CAs were published to that object before. */
const isPublishedAs = (
  { status }: CloudSqlServerCa,
  { recorded, cas }: Publication,
  contents: PublishedContents,
): boolean =>
  isDeepStrictEqual(recorded, status.serverCas) &&
  status.rollout?.revision === revision(cas) &&
  status.publishedTo === describeObject(contents);

function fought(contents: PublishedContents, { editedBy }: PublishedObject): Verdict {
  const { kind, namespace, name } = contents;
  const who = editedBy === undefined ? 'somebody' : `the field manager ${editedBy}`;
  const show = shell`kubectl -n ${namespace} get ${kind.toLowerCase()} ${name} --show-managed-fields -o yaml`;
  return stalled(
    'ObjectConflict',
    `${describeObject(contents)} is changed by ${who} each time that it is put back; the operator does not fight for more than three times an hour, so workloads may read a wrong CA. Have that stopped, or name another ${kind} in the spec. Who changes it: ${show}`,
  );
}

/** Nothing of it is new to the status, and no other object of the instance says otherwise. */
function hasStayed(
  object: CloudSqlServerCa,
  publication: Publication,
  contents: PublishedContents,
  { index }: ServerCaContext,
): boolean {
  const { metadata, status } = object;
  return (
    isPublishedAs(object, publication, contents) &&
    isPublished(object) &&
    status.observedGeneration === metadata.generation &&
    !hasNewRetry(object) &&
    !index.siblingsOf(object).makeOutdated()
  );
}

interface Found extends Pick<Published, 'closed'> {
  readonly rejected: readonly string[];
  readonly news: CertificateNews | undefined;
}

function concluded(
  object: CloudSqlServerCa,
  { recorded, cas, rejected, closed, news }: Publication & Found,
  contents: PublishedContents,
  { clock, index }: ServerCaContext,
): Conclusion {
  const { metadata, status } = object;
  const retry = retryValue(object) ?? status.retry;
  const wanted = revision(cas);
  const isSameRoll =
    isDeepStrictEqual(recorded, status.serverCas) &&
    status.rollout?.revision === wanted &&
    status.observedGeneration === metadata.generation &&
    !hasNewRetry(object);
  return {
    changes: {
      serverCas: recorded,
      readTime: index.timeOfRead(object, clock.now()),
      publishedTo: describeObject(contents),
      isPublished: true,
      ...(closed !== undefined && { nextWindowTime: opening(closed) }),
      rollout: isSameRoll ? status.rollout : newRoll(wanted, status.rollout),
      ...(retry !== undefined && { retry }),
      ...rotationAtLook(object, rejected, clock.now()),
      ...news?.changes,
    },
    verdict: LOOKING_FOR_DEPENDENTS,
    events: [...changeOf(object, recorded), ...(news?.events ?? [])],
    afterMs: 0,
  };
}

function changeOf({ status }: CloudSqlServerCa, recorded: Publication['recorded']): readonly StepEvent[] {
  const last = activeCa(status)?.sha1Fingerprint;
  const active = activeCa({ serverCas: recorded })?.sha1Fingerprint;
  const isListed = (fingerprint: string): boolean =>
    status.serverCas?.some(({ sha1Fingerprint, role }) => sha1Fingerprint === fingerprint && role !== 'Unlisted') ===
    true;
  const added = recorded.filter(({ role, sha1Fingerprint }) => role === 'Waiting' && !isListed(sha1Fingerprint));
  return [
    ...(last === undefined || last === active
      ? []
      : [normal('ServerCaChanged', 'Observe', `The active server CA has changed: ${last} → ${active ?? 'none'}`)]),
    ...added.map(({ sha1Fingerprint }) =>
      normal('ServerCaWaiting', 'Observe', `The server CA ${sha1Fingerprint} was added, and waits to be used`),
    ),
  ];
}

/** The status does not change by it, so that nothing else would say so. */
function reportRestored(
  { kind, metadata }: CloudSqlServerCa,
  contents: PublishedContents,
  before: PublishedObject | undefined,
  context: ServerCaContext,
): void {
  const what = before === undefined ? 'was deleted' : 'was changed by somebody';
  const event = normal('ServerCaRestored', 'Publish', `${describeObject(contents)} ${what}; it is published again`);
  context.logger.info(event.note, { reason: event.reason });
  context.events.publish({ ...event, regarding: subjectOf(kind, metadata) });
}
