import { pollDelayMs } from '../../domain/attempts.ts';
import { wantsCertificates } from '../../domain/client-certificate.ts';
import { progressing, stalled, toTime, type Verdict } from '../../domain/conditions.ts';
import { retryCommand } from '../../domain/gate.ts';
import type { ServerCas } from '../../domain/instance.ts';
import type { Operation, Request, SslReset } from '../../domain/ssl-reset.ts';
import { factsOf } from '../../domain/status.ts';
import { revision, serverCaPem, serverCaStatus } from '../../domain/tls-material.ts';
import type { StepEvent, StepResult, World } from '../pass.ts';
import { LOOKING_FOR_DEPENDENTS } from './find-dependents.ts';
import { applyObject, describeObject, orCannotPublish, serverCaObject } from './published-object.ts';

/** Reads the instance's CAs and publishes them, once the CA is the new one. */
export async function publish(reset: SslReset, world: World): Promise<StepResult> {
  const result = await orCannotPublish(() => readAndPublish(reset, world));
  return result.kind === 'Waiting' ? { kind: 'Finding', facts: factsOf(reset), verdict: result } : result;
}

async function readAndPublish(reset: SslReset, world: World): Promise<StepResult> {
  const { request, operation } = reset.status;
  if (request === undefined) return { kind: 'Idle' };
  // Read before the CAs: whoever publishes newer ones after that turns this apply into a conflict.
  const target = serverCaObject(reset, '');
  const before = target && (await world.objects.get(target));
  const cas = await world.cloudSql.serverCas(reset.spec);
  const facts = factsOf(reset);
  if (isStillOld(request, cas)) {
    const verdict = operation?.error === undefined ? whileSettling(reset, request, world) : failed(reset, operation);
    return {
      kind: 'Finding',
      facts,
      verdict,
      requeueAfterMs: pollDelayMs(request.doneTime, world.clock.now(), world.settings),
    };
  }
  const contents = serverCaObject(reset, serverCaPem(cas, reset.spec.serverCa?.contents ?? 'All'));
  const obstacle = contents && (await applyObject(world.objects, contents, { before, dryRun: false }));
  if (obstacle !== undefined) return { kind: 'Finding', facts, verdict: obstacle };
  const previousSha1Fingerprint = request.before?.serverCaSha1Fingerprint ?? facts.serverCa?.previousSha1Fingerprint;
  const serverCa = serverCaStatus(cas, {
    previousSha1Fingerprint,
    publishedTo: contents && describeObject(contents),
  });
  return {
    kind: 'Finding',
    facts: {
      ...facts,
      serverCa,
      request: { ...request, publishedTime: toTime(world.clock.now()) },
      rollout: { revision: revision(cas) },
    },
    verdict: wantsCertificates(reset)
      ? progressing('IssuingClientCertificates', 'The client certificates are looked at')
      : LOOKING_FOR_DEPENDENTS,
    events: finished(reset, serverCa.sha1Fingerprint),
  };
}

/** After an accepted reset of a per-instance CA the active CA must be another one. */
const isStillOld = ({ outcome, before }: Request, [active]: ServerCas): boolean =>
  active === undefined || (outcome === 'Accepted' && active.sha1Fingerprint === before?.serverCaSha1Fingerprint);

function whileSettling(reset: SslReset, { doneTime }: Request, { clock, settings }: World): Verdict {
  const elapsedMs = doneTime === undefined ? 0 : clock.now().getTime() - Date.parse(doneTime);
  return elapsedMs < settings.caSettleMs
    ? progressing(
        'Publishing',
        'The operation is done, and the instance still lists the old server CA; it is read again',
      )
    : stalled(
        'ServerCaUnchanged',
        `The operation is done, but the server CA is still the old one after ${Math.round(settings.caSettleMs / 1000)} s. Look again with: ${retryCommand(reset)}`,
      );
}

/** Cloud SQL ended the operation with an error; a person decides whether to call again. */
export function failed(reset: SslReset, { name, error }: Operation): Verdict {
  const causes = (error?.errors ?? []).map(({ code = '', message = '' }) => `${code} ${message}`.trim());
  return stalled(
    'OperationFailed',
    `Operation ${name} failed: ${causes.join('; ').slice(0, 512)}. It is not called again without: ${retryCommand(reset)}`,
  );
}

function finished(
  { status: { request, serverCa, operation } }: SslReset,
  fingerprint: string | undefined,
): readonly StepEvent[] {
  const before = request?.before;
  const isTold = fingerprint === undefined || serverCa?.sha1Fingerprint === fingerprint;
  if (request?.outcome !== 'Accepted' || isTold) return [];
  const deleted = before?.clientCertificates?.length ?? 0;
  const note = `Operation ${operation?.name ?? ''} is done: server CA ${before?.serverCaSha1Fingerprint ?? 'none'} → ${fingerprint}`;
  return [
    {
      type: 'Normal',
      reason: 'ResetFinished',
      action: 'Reset',
      note: deleted === 0 ? note : `${note}, ${deleted} client certificates deleted`,
    },
  ];
}
