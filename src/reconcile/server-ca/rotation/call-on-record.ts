import { type Classification, classifyCall } from '../../../domain/call/classification.ts';
import type { CallResult } from '../../../domain/call/result.ts';
import { judgeInstance } from '../../../domain/reset/preflight.ts';
import {
  type CallKind,
  type CallRecord,
  isUnresolved,
  type Rotation,
} from '../../../domain/server-ca/rotation/rotation.ts';
import { type CloudSqlServerCa, KIND } from '../../../domain/server-ca/server-ca-object.ts';
import { type StatusChanges, summarize } from '../../../domain/server-ca/status.ts';
import { keyOf } from '../../../lib/key.ts';
import { TwoClockWindow } from '../../../lib/two-clock-window.ts';
import { persist } from '../../outcome-write.ts';
import { sendOnRecord } from '../../write-ahead.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { answered, tellAnswer } from './call-answer.ts';
import { hasRunAfterAll } from './earlier-call.ts';
import { followVerdict } from './moved.ts';

export interface RotationCall {
  readonly kind: CallKind;
  readonly next?: string;
  readonly before: CallRecord['before'];
  readonly user: string | undefined;
  /** It has a token and a slot already, and never throws. */
  readonly send: () => Promise<CallResult>;
  /** Whether it may still be sent, by what is there once it is recorded; absent: whenever the call window is open. */
  readonly isAllowed?: (recorded: CloudSqlServerCa) => Promise<boolean>;
  /** What is written with the record. */
  readonly with?: Partial<Rotation>;
}

const MAX_ADDITIONS = 100;

/**
 * The only place from which addServerCa and rotateServerCa are called: once, on a record by which the call is looked for
 * where its answer is lost.
 * @throws KubernetesError where the record is not known to be stored
 */
export async function callOnRecord(
  object: CloudSqlServerCa,
  call: RotationCall,
  context: ServerCaContext,
): Promise<StepResult> {
  const { clock, settings, logger, index } = context;
  const window = new TwoClockWindow(clock, settings.callWindowMs);
  const record = recordOf(object, call, clock.now());
  const isAdd = call.kind === 'Add';
  const addition = { uid: object.metadata.uid, timeMs: Date.parse(record.time) };
  const recording = recordingOf(object, call, record);
  const sent = await sendOnRecord<CloudSqlServerCa, CallResult>(
    {
      record,
      path: 'status.rotation.record',
      recordIn: ({ status }) => status.rotation?.record,
      window,
      write: async () => {
        const written = await write(object, recording, context);
        if (isAdd) index.additions.note(addition);
        logger.info('Call of a rotation recorded', { call: call.kind, attempt: record.attempt });
        return written;
      },
      send: call.send,
      ...(call.isAllowed !== undefined && { isAllowed: call.isAllowed }),
    },
    context,
  );
  if (sent.kind === 'NotLeading') return { afterMs: settings.retryMinMs };
  const unsent: Classification = {
    kind: 'NotExecuted',
    outcome: 'NotSent',
    reason: 'CannotPublish',
    message:
      sent.kind === 'Unsent' && sent.obstacle !== undefined
        ? sent.obstacle.message
        : 'Writing the record took longer than the call window, or something came in its way meanwhile, such as the end of a maintenance window: nothing was sent; a new attempt begins',
  };
  const classification = sent.kind === 'Sent' ? await classified(object, record, sent.result, context) : unsent;
  if (isAdd && (classification.kind === 'NotExecuted' || classification.kind === 'Invalid')) {
    index.additions.forget(addition);
  }
  const notReady = classification.kind === 'Invalid' ? await whyNotReady(object, context) : undefined;
  const written = await persistOutcome(
    sent.recorded,
    (current) => answered(current, classification, notReady, context),
    context,
  );
  if (written !== undefined) tellAnswer(object, written, classification, context);
  if (classification.kind === 'Accepted') watch(object, classification.operation, context);
  return { afterMs: settings.pollMinMs };
}

/** No reset finds what a call has done before the call itself is known to have run. */
async function classified(
  object: CloudSqlServerCa,
  record: CallRecord,
  result: CallResult,
  context: ServerCaContext,
): Promise<Classification> {
  const classification = classifyCall(result, { inDoubt: false });
  if (result.kind !== 'Rejected' || classification.kind === 'Resolve') return classification;
  const hasRun = await hasRunAfterAll(object, record, context);
  if (hasRun === false) return classification;
  return {
    kind: 'Resolve',
    message: hasRun
      ? 'The instance shows that the call may have been executed although it was refused'
      : 'Whether the call was executed although it was refused cannot be read now',
  };
}

function recordOf(object: CloudSqlServerCa, { kind, next, before, user }: RotationCall, now: Date): CallRecord {
  const last = object.status.rotation?.record;
  return {
    kind,
    ...(next !== undefined && { next }),
    attempt: last?.kind === kind && last.outcome !== 'Done' ? last.attempt + 1 : 1,
    time: now.toISOString().replace('.000Z', 'Z'),
    ...(user !== undefined && { user }),
    before,
  };
}

function recordingOf({ status }: CloudSqlServerCa, call: RotationCall, record: CallRecord): StatusChanges {
  const { gate: _gate, retryTime: _retryTime, stalled: _stalled, ...rotation } = status.rotation ?? {};
  return {
    rotation: { ...rotation, ...call.with, record },
    ...(call.kind === 'Add' && { addTimes: [record.time, ...(status.addTimes ?? [])].slice(0, MAX_ADDITIONS) }),
  };
}

async function write(
  object: CloudSqlServerCa,
  changes: StatusChanges,
  { serverCas, index, wake, clock }: ServerCaContext,
): Promise<CloudSqlServerCa> {
  const now = clock.now();
  const status = summarize(object, { ...changes, isUnobserved: true }, followVerdict(object, now), now);
  const written = await serverCas.updateStatus(object, status);
  wake(index.applyOwnWrite(written));
  return written;
}

/** Over conflicts and failures of the API server: an outcome that is lost has to be found out. */
function persistOutcome(
  recorded: CloudSqlServerCa,
  changesOf: (current: CloudSqlServerCa) => StatusChanges,
  context: ServerCaContext,
): Promise<CloudSqlServerCa | undefined> {
  const { time } = recorded.status.rotation?.record ?? {};
  return persist(
    recorded,
    {
      write: (current) => write(current, changesOf(current), context),
      read: async () => {
        const fresh = await context.serverCas.get(recorded.metadata);
        const record = fresh?.status.rotation?.record;
        const isOurs = fresh?.metadata.uid === recorded.metadata.uid && isUnresolved(record) && record?.time === time;
        return isOurs ? fresh : undefined;
      },
    },
    context,
  );
}

/** An instance that has stopped refuses a call for good too. */
async function whyNotReady({ spec }: CloudSqlServerCa, { cloudSql }: ServerCaContext): Promise<string | undefined> {
  try {
    return judgeInstance(await cloudSql.instance(spec))?.message;
  } catch {
    return 'The instance cannot be read';
  }
}

function watch(
  { metadata, spec }: CloudSqlServerCa,
  operation: Parameters<ServerCaContext['cloudSql']['watchOperation']>[1],
  { cloudSql, wake, looks }: ServerCaContext,
): void {
  const key = keyOf(KIND, metadata);
  const onChange = (): void => {
    looks.moves.forget(metadata.uid);
    wake([key]);
  };
  cloudSql.watchOperation(spec.project, operation, { by: key, onChange });
}
