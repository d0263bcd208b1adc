/** One story, told to its end: what it broke, and what it came through. */
import { setImmediate } from 'node:timers/promises';
import { isTrue } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { EXECUTED_FOR_NOBODY, Promises } from './promises.ts';
import { Stage } from './stage.ts';
import type { Story } from './story.ts';

export interface Result {
  /** The first promise that was broken. */
  readonly broken: string | undefined;
  /** Classes of what happened. */
  readonly seen: ReadonlySet<string>;
  readonly steps: number;
}

/** After so long nothing goes wrong any more. */
const FAULTS_END_MS = 2_000_000;
const MAX_STEPS = 6_000;

export async function run(story: Story): Promise<Result> {
  const promises = new Promises({
    instance: story.instance,
    isAlone: story.rivalAtMs === undefined && story.listLagMs === 0 && story.watchLagMs === 0,
  });
  const stage = new Stage(story, promises);
  let steps = 0;
  try {
    stage.open();
    await playUntil(FAULTS_END_MS);
    stage.endFaults();
    await playUntil(Number.POSITIVE_INFINITY);
    judgeEnds(stage.api.list(), promises, story);
    stage.judgeCertificates();
    if (knowsEachReset(story) && !promises.seen.has(EXECUTED_FOR_NOBODY)) stage.judgeCas();
    stage.judgeRolls();
    await judgeQuiet();
    if (stage.isFighting()) promises.breaks('L1: a pod template that is put back is fought');
    if (stage.hasStrayWrites()) promises.breaks('S3: a workload that does not depend on the instance was written');
  } catch (error) {
    promises.breaks(`it threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  return { broken: promises.broken, seen: promises.seen, steps };

  async function playUntil(endMs: number): Promise<void> {
    while (promises.broken === undefined && stage.nextMs < stage.beginMs + endMs) {
      steps += 1;
      if (steps > MAX_STEPS) return promises.breaks('L1: it never comes to rest');
      stage.step();
      await setImmediate();
    }
  }

  async function judgeQuiet(): Promise<void> {
    const before = stage.traces;
    stage.startAnew();
    await playUntil(Number.POSITIVE_INFINITY);
    if (stage.traces !== before) promises.breaks('L1: a new process writes or calls although all is at rest');
  }
}

/** What nobody tells the operator of. */
const UNSEEN: ReadonlySet<string> = new Set(['ForeignReset', 'OurReset', 'DeleteInstance']);

/**
 * Nobody else resets, no call runs after its grace, and one replica leads.
 */
function knowsEachReset({ instance, rivalAtMs, calls, plot, twists }: Story): boolean {
  const happenings = [...plot, ...twists].map(({ what }) => what.kind);
  const isUnseen = happenings.some((kind) => UNSEEN.has(kind));
  const isOverdue = calls.some(({ kind }) => kind === 'Overdue');
  return instance === 'Ordinary' && rivalAtMs === undefined && !isUnseen && !isOverdue;
}

function judgeEnds(objects: readonly SslReset[], promises: Promises, { twists }: Story): void {
  // What cannot be listed when it is given up is found by a retry only.
  const isListed = twists.every(({ port }) => port !== 'cloudSql.operations');
  for (const { metadata, status } of objects) {
    const end = (['Ready', 'Stalled'] as const).find((type) => isTrue(status.conditions, type));
    if (end === undefined) promises.breaks(`L1: ${metadata.name} ends neither Ready nor Stalled`);
    if (status.observedGeneration !== metadata.generation)
      promises.breaks(`L1: ${metadata.name} is at an old generation`);
    const reason = status.conditions?.find(({ type }) => type === end)?.reason;
    promises.note(`end: ${end} ${reason}`);
    if (isListed) promises.ended(metadata.uid, reason);
    const { operation } = status;
    const isOpen = operation !== undefined && operation.status !== 'DONE' && operation.status !== 'UNKNOWN';
    if (isOpen) promises.breaks(`${metadata.name} is at its end beside an operation that is ${operation.status}`);
  }
}
