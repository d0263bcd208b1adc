/** A server CA that is not the one to publish yet: what is waited for, and for how long. */
import { hasNewServerCertificate } from '../../domain/call/evidence.ts';
import { BASELINE_SIZE } from '../../domain/call/resolve.ts';
import { lookAgainDelayMs, pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, stalled, waiting } from '../../domain/conditions.ts';
import { caOwner, type Instance, isFirstGeneration, type ServerCas } from '../../domain/instance.ts';
import { retryCommand } from '../../domain/reset/admission.ts';
import { findRestart, judgeUnchangedCa } from '../../domain/reset/ca-change.ts';
import { deadline } from '../../domain/reset/deadline.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { shell } from '../../lib/shell.ts';
import { overtakenBy } from '../overtaken-ca.ts';
import { after, type Conclusion, type Context } from '../pass.ts';
import { readServerCertificates } from './evidence.ts';

/** What the old CA is waited for; undefined: it is the right one. */
export async function whileOld(
  reset: SslReset,
  request: Request,
  cas: ServerCas,
  context: Context,
): Promise<Conclusion | undefined> {
  const { clock, memory } = context;
  const { doneTime } = request;
  const sinceDoneMs = doneTime === undefined ? 0 : clock.now().getTime() - Date.parse(doneTime);
  if (request.outcome !== 'Accepted') return whileSettling(reset, sinceDoneMs, cas, context);
  const instance = await context.cloudSql.instance(reset.spec);
  const restart = isFirstGeneration(instance) ? await readRestart(reset, request, context) : undefined;
  const judgement = judgeUnchangedCa({
    instance,
    mode: reset.spec.mode,
    isRestarted: restart !== undefined,
    hasNewServerCertificate: await isRenewed(reset, request, instance, context),
  });
  // A list with nothing in it is none to publish, whatever the instance itself shows.
  if (judgement === 'Kept' && cas.length > 0) return undefined;
  if (judgement === 'RestartRequired') return untilRestarted(reset, request, context);
  const since = restart && memory.sinceSeenMs(reset.metadata.uid, `restarted ${restart.name} ${doneTime}`);
  return whileSettling(reset, since ?? sinceDoneMs, cas, context);
}

/**
 * An older CA than the one that another object has read since is active again because somebody took that one back, or
 * because this read is an old one: it is believed once it has been listed for `--ca-settle`.
 */
export function whileTakenBack(reset: SslReset, [active]: ServerCas, context: Context): Conclusion | undefined {
  const { clock, index, settings } = context;
  const newer = overtakenBy(active, reset.metadata.uid, index.siblingsOf(reset), context);
  if (newer === undefined) return undefined;
  const listed = active?.sha1Fingerprint ?? 'none';
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

function whileSettling(reset: SslReset, sinceMs: number, cas: ServerCas, { clock, settings }: Context): Conclusion {
  const seconds = Math.round(settings.caSettleMs / 1000);
  const { request } = reset.status;
  const done = request?.outcome === 'Accepted' ? 'The operation is done, but' : 'Nothing was called, and';
  const isNone = cas.length === 0;
  const verdict =
    sinceMs < settings.caSettleMs
      ? progressing(
          'Publishing',
          `${done} the instance ${isNone ? 'lists no server CA' : 'still lists the old server CA'}; reading it again`,
        )
      : stalled(
          'ServerCaUnchanged',
          `${done} ${isNone ? 'the instance lists no server CA' : 'the server CA is still the old one'} after ${seconds} s. Check again with: ${retryCommand(reset)}`,
        );
  return { verdict, next: after(pollDelayMs(request?.doneTime, clock.now(), settings)) };
}
