import type { Operation } from '../../domain/call/operation.ts';
import { BASELINE_SIZE, hasNewServerCertificate } from '../../domain/call/resolve.ts';
import { lookAgainDelayMs, pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { caOwner, type Instance, isFirstGeneration, type ServerCas } from '../../domain/instance.ts';
import { retryCommand } from '../../domain/reset/admission.ts';
import { findRestart, isNewCa, isStillOld, judgeUnchangedCa } from '../../domain/reset/ca-change.ts';
import { deadline } from '../../domain/reset/deadline.ts';
import { published } from '../../domain/reset/request.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { wantsCertificates, withoutReason } from '../../domain/trust/certificate-status.ts';
import { heldCertificate, secretKeys } from '../../domain/trust/held-certificate.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { newRoll } from '../../domain/trust/roll-progress.ts';
import { revision, serverCaPem, serverCaStatus } from '../../domain/trust/tls-material.ts';
import { oneLine } from '../../lib/one-line.ts';
import { shell } from '../../lib/shell.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Conclusion, type Context, NOW, type StepEvent, type StepResult } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import { readServerCertificates } from './evidence.ts';
import { LOOKING_FOR_DEPENDENTS } from './find-dependents.ts';
import { callsToRemember } from './look-around.ts';
import { denialOf } from './permitted.ts';
import { applyObject, orCannotPublish, serverCaObject } from './published-object.ts';
import { readServerCas } from './server-cas.ts';

/** Reads the instance's CAs and publishes them, once the CA is the new one. */
export async function publish(reset: SslReset, context: Context): Promise<StepResult> {
  // Once more, since another object has reset the instance: that is not what this request was allowed for.
  const denial = reset.status.request?.publishedTime === undefined ? undefined : await denialOf(reset, context);
  if (denial !== undefined) return { verdict: denial };
  const result = await orCannotPublish(() => readAndPublish(reset, context));
  return 'kind' in result ? { verdict: result } : result;
}

async function readAndPublish(reset: SslReset, context: Context): Promise<StepResult> {
  const { request, operation, rollout, serverCa: last, clientCertificates = [] } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const otherResetTime = context.index.siblingsOf(reset).lastReset();
  const siblingCalls = callsToRemember(reset, context);
  const readTime = context.index.timeOfRead(reset, context.clock.now());
  // Read before the CAs: if newer ones are published after that, this apply conflicts.
  const target = serverCaObject(reset, '');
  const before = target && (await context.objects.get(target));
  const cas = await readServerCas(context.cloudSql, reset.spec);
  if (isStillOld(request, cas)) {
    const unfinished =
      operation?.error === undefined ? await whileOld(reset, request, context) : { verdict: failed(reset, operation) };
    if (unfinished !== undefined) return unfinished;
  }
  const unsettled = whileTakenBack(reset, cas, context);
  if (unsettled !== undefined) return unsettled;
  const contents = contentsOf(reset, cas, before);
  const obstacle = contents && (await applyObject(context, contents, { before, dryRun: false }));
  if (obstacle !== undefined) return { verdict: obstacle };
  const previousSha1Fingerprint = request.before?.serverCaSha1Fingerprint ?? last?.previousSha1Fingerprint;
  const serverCa = serverCaStatus(cas, {
    previousSha1Fingerprint,
    readTime,
    publishedTo: contents && describeObject(contents),
  });
  return {
    changes: {
      siblingCalls,
      // What stood in the way of a client certificate is forgotten: it is tried once more.
      clientCertificates: clientCertificates.map(withoutReason),
      serverCa,
      request: published(request, { now: toTime(context.clock.now()), otherResetTime, isNewCa: isNewCa(request, cas) }),
      rollout: newRoll(revision(cas), rollout),
    },
    // Two processes that both think they lead must not publish in turn without a pause.
    next: rollout?.revision === revision(cas) ? after(context.settings.pollMinMs) : NOW,
    verdict: wantsCertificates(reset)
      ? progressing('IssuingClientCertificates', 'Checking the client certificates')
      : LOOKING_FOR_DEPENDENTS,
    events: finished(reset, serverCa.sha1Fingerprint),
  };
}

function contentsOf(reset: SslReset, cas: ServerCas, before: PublishedObject | undefined) {
  const wanted = serverCaObject(reset, serverCaPem(cas, reset.spec.serverCa?.contents ?? 'All'));
  return wanted && { ...wanted, data: { ...keyOnItsWay(reset, before), ...wanted.data } };
}

/** A client certificate that the spec now wants elsewhere is still to be moved out of the Secret, with its only key. */
function keyOnItsWay({ status }: SslReset, before: PublishedObject | undefined): PublishedObject['data'] {
  const held = before && heldCertificate(before.data);
  const isThere = (status.clientCertificates ?? []).some(
    (one) => one.secretName === before?.name && one.sha1Fingerprint === held?.sha1Fingerprint,
  );
  if (held === undefined || before === undefined || !isThere) return {};
  const kept = [secretKeys.certificate, secretKeys.privateKey];
  return Object.fromEntries(kept.map((key) => [key, before.data[key] ?? '']));
}

/** What the old CA is waited for; undefined: it is the right one. */
async function whileOld(reset: SslReset, request: Request, context: Context): Promise<Conclusion | undefined> {
  const { clock, memory } = context;
  const { doneTime } = request;
  const sinceDoneMs = doneTime === undefined ? 0 : clock.now().getTime() - Date.parse(doneTime);
  if (request.outcome !== 'Accepted') return whileSettling(reset, sinceDoneMs, context);
  const instance = await context.cloudSql.instance(reset.spec);
  const restart = isFirstGeneration(instance) ? await readRestart(reset, request, context) : undefined;
  const judgement = judgeUnchangedCa({
    instance,
    mode: reset.spec.mode,
    isRestarted: restart !== undefined,
    hasNewServerCertificate: await isRenewed(reset, request, instance, context),
  });
  if (judgement === 'Kept') return undefined;
  if (judgement === 'RestartRequired') return untilRestarted(reset, request, context);
  const since = restart && memory.sinceSeenMs(reset.metadata.uid, `restarted ${restart.name} ${doneTime}`);
  return whileSettling(reset, since ?? sinceDoneMs, context);
}

/**
 * An older CA than the one that another object has read since is active again because somebody took that one back, or
 * because this read is an old one: it is believed once it has been listed for `--ca-settle`.
 */
function whileTakenBack(reset: SslReset, [active]: ServerCas, context: Context): Conclusion | undefined {
  const { clock, index, memory, settings } = context;
  const newer = index.siblingsOf(reset).newerCa(active);
  if (newer === undefined) return undefined;
  const listed = active?.sha1Fingerprint ?? 'none';
  if (memory.sinceSeenMs(reset.metadata.uid, `${listed} instead of ${newer}`) >= settings.caSettleMs) return undefined;
  const message = `The instance lists the server CA ${listed}, but another CloudSqlSslReset has read the newer ${newer}; reading it again`;
  return {
    verdict: progressing('Publishing', message),
    next: after(pollDelayMs(reset.status.request?.doneTime, clock.now(), settings)),
  };
}

async function readRestart({ spec, status: { operation } }: SslReset, { before = {} }: Request, { cloudSql }: Context) {
  const operations = await cloudSql.operations(spec, {
    limit: BASELINE_SIZE,
    isKnown: ({ name }) => name === operation?.name,
  });
  return findRestart(operation, before, operations);
}

async function isRenewed({ spec }: SslReset, { before }: Request, instance: Instance, { cloudSql }: Context) {
  if (before === undefined || caOwner(instance) !== 'Unknown') return false;
  return hasNewServerCertificate(before, await readServerCertificates(cloudSql, spec, instance));
}

/**
 * Nothing is written down while somebody is waited for, so the delay grows by how long this process has waited: the
 * clock of the one before may have been ahead, and it would look each second until that is made up for.
 */
function untilRestarted(reset: SslReset, { doneTime }: Request, { clock, memory, settings }: Context): Conclusion {
  const { project, instance } = reset.spec;
  const now = clock.now();
  const waitedMs = memory.sinceSeenMs(reset.metadata.uid, `restart required ${doneTime}`);
  const leftMs = (deadline(reset)?.getTime() ?? 0) - now.getTime();
  return {
    verdict: waiting(
      'RestartRequired',
      `The reset is done; an instance of the First Generation uses its new certificates once it is restarted, which breaks all connections. Restart it with: ${shell`gcloud sql instances restart ${instance} --project=${project}`}`,
    ),
    next: after(Math.max(0, Math.min(lookAgainDelayMs(waitedMs, settings), leftMs))),
  };
}

function whileSettling(reset: SslReset, sinceMs: number, { clock, settings }: Context): Conclusion {
  const seconds = Math.round(settings.caSettleMs / 1000);
  const verdict =
    sinceMs < settings.caSettleMs
      ? progressing(
          'Publishing',
          'The operation is done, but the instance still lists the old server CA; reading it again',
        )
      : stalled(
          'ServerCaUnchanged',
          `The operation is done, but the server CA is still the old one after ${seconds} s. Check again with: ${retryCommand(reset)}`,
        );
  return { verdict, next: after(pollDelayMs(reset.status.request?.doneTime, clock.now(), settings)) };
}

/** Cloud SQL ended the operation with an error; a person decides whether to call again. */
export function failed(reset: SslReset, { name, error }: Operation): Verdict {
  const causes = (error?.errors ?? [])
    .map(({ code = '', message = '' }) => `${code} ${message}`.trim().replace(/[.\s]+$/, ''))
    .filter((cause) => cause !== '');
  const why = causes.length === 0 ? ', and Cloud SQL does not say why' : `: ${oneLine(causes.join('; '), 512)}`;
  return stalled(
    'OperationFailed',
    `Operation ${name} failed${why}. The reset is not called again without: ${retryCommand(reset)}`,
  );
}

function finished(
  { status: { request, serverCa, operation, history = [] } }: SslReset,
  fingerprint: string | undefined,
): readonly StepEvent[] {
  const before = request?.before;
  const old = before?.serverCaSha1Fingerprint ?? 'none';
  const isKept = old === fingerprint;
  const isTold = isKept
    ? history.some(({ startTime }) => startTime === request?.time)
    : serverCa?.sha1Fingerprint === fingerprint;
  if (request?.outcome !== 'Accepted' || fingerprint === undefined || isTold) return [];
  const deleted = before?.clientCertificates?.length ?? 0;
  const note = `Operation ${operation?.name ?? ''} is done: server CA ${old} ${isKept ? 'is kept' : `→ ${fingerprint}`}`;
  return [
    {
      type: 'Normal',
      reason: 'ResetFinished',
      action: 'Reset',
      note: deleted === 0 ? note : `${note}, ${deleted} client certificates deleted`,
    },
  ];
}
