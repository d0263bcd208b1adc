import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { annotations, INSTANCE_LABEL } from '../../../../src/domain/object.ts';
import type { Spec } from '../../../../src/domain/reset/ssl-reset.ts';
import { dependents } from '../../../../src/domain/trust/dependents.ts';
import type { RolloutStatus, WorkloadStatus } from '../../../../src/domain/trust/distribution.ts';
import { health } from '../../../../src/domain/trust/health.ts';
import { rolloutSelector } from '../../../../src/domain/trust/label-selector.ts';
import { planRoll, withStarts } from '../../../../src/domain/trust/rollout.ts';
import { rolloutStatus } from '../../../../src/domain/trust/rollout-status.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { aSpec, at, aWorkload, NOW } from '../../../support/fakes/builders.ts';

const KEY = 'tls.cloudsql-ssl.dev/key';

const workload = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,3}$/),
    instance: fc.constantFrom('orders-db', 'orders-db', 'other'),
    value: fc.constantFrom('old', 'new'),
    wave: fc.integer({ min: -1, max: 2 }),
    isOptedOut: fc.boolean(),
    paused: fc.boolean(),
    updatedReplicas: fc.integer({ min: 0, max: 2 }),
    progressingReason: fc.constantFrom('', 'ProgressDeadlineExceeded'),
  })
  .map(({ name, instance, value, wave, isOptedOut, paused, updatedReplicas, progressingReason }) =>
    aWorkload({
      name,
      paused,
      labels: { [INSTANCE_LABEL]: instance },
      templateAnnotations: { [KEY]: value },
      annotations: { [annotations.wave]: String(wave), ...(isOptedOut && { [annotations.rollout]: 'disabled' }) },
      status: { updatedReplicas, progressingReason },
    }),
  );

test('a roll never has more than maxConcurrent rolling of its own making, and starts nothing but what is selected, open and due', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(workload, { selector: ({ name }) => name, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('Continue' as const, 'Stop' as const),
      (workloads, maxConcurrent, onFailure) => {
        const spec = aSpec({ rollout: { maxConcurrent, onFailure } });
        const all = dependents(spec, rolloutSelector(spec), workloads);
        const {
          workloads: rows,
          start,
          isSettled,
        } = planRoll(all, { annotations: { [KEY]: 'new' }, rollout: spec.rollout, before: undefined, now: NOW });
        const rolling = rows.filter(({ state }) => state === 'Rolling').length;
        const rolls = start.filter(({ paused }) => !paused);
        assert.ok(rolls.length === 0 || rolling + rolls.length <= maxConcurrent);
        for (const { labels, templateAnnotations, annotations: own } of start) {
          assert.equal(labels[INSTANCE_LABEL], 'orders-db');
          assert.equal(templateAnnotations[KEY], 'old');
          assert.notEqual(own[annotations.rollout], 'disabled');
        }
        const open = rows.filter(({ state }) => state === 'Pending' || state === 'Rolling').map(({ wave }) => wave);
        assert.ok(rolls.every((one) => Number(one.annotations[annotations.wave]) <= Math.min(...open)));
        if (onFailure === 'Stop' && rows.some(({ state }) => state === 'Failed')) assert.deepEqual(start, []);
        if (isSettled) assert.ok(start.length === 0 && rolling === 0);
        for (const { name, state } of rows) {
          const found = workloads.find((one) => one.name === name);
          if (state === 'Rolled' && found !== undefined) assert.equal(health(found).kind, 'Healthy');
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** Whoever has a hand in it between two passes: its controller, its owner, an autoscaler. */
interface Fate {
  readonly kind: Workload['kind'];
  readonly wave: number;
  readonly isPutBack: boolean;
  readonly onDelete: boolean;
  /** Passes until its controller has rolled it; it never gets there with Infinity. */
  readonly passes: number;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom('Deployment', 'StatefulSet', 'DaemonSet'),
  wave: fc.integer({ min: 0, max: 2 }),
  isPutBack: fc.boolean(),
  onDelete: fc.boolean(),
  passes: fc.constantFrom(0, 1, 5, Number.POSITIVE_INFINITY),
});

/** Pass after pass until the roll has settled: in which of them each workload was annotated, and each row that was seen. */
function run(fates: readonly Fate[], rollout: Spec['rollout']) {
  const spec = aSpec({ rollout });
  const annotated = fates.map((): number[] => []);
  const seen: { readonly pass: number; readonly row: WorkloadStatus }[] = [];
  let before: RolloutStatus | undefined;
  for (let pass = 0; pass < 400; pass += 1) {
    const options = { annotations: { [KEY]: 'new' }, rollout, before, now: at(pass) };
    const look = () =>
      dependents(
        spec,
        rolloutSelector(spec),
        fates.map((one, n) => asOf(one, n, annotated[n]?.at(-1), pass)),
      );
    const { start } = planRoll(look(), options);
    for (const { name } of start) annotated[Number(name.slice(1))]?.push(pass);
    const { workloads, isSettled } = planRoll(look(), options);
    seen.push(...workloads.map((row) => ({ pass, row })));
    if (isSettled) return { annotated, seen };
    before = rolloutStatus('new', withStarts(workloads, start, options.now));
  }
  return assert.fail('it did not end');
}

function asOf(one: Fate, n: number, since: number | undefined, pass: number): Workload {
  const carries = since !== undefined && !(one.isPutBack && pass > since);
  const isDone = since !== undefined && pass - since > one.passes;
  return aWorkload({
    kind: one.kind,
    name: `w${n}`,
    owner: { kind: 'Prometheus', name: 'main' },
    annotations: { [annotations.wave]: String(one.wave) },
    strategy: one.onDelete && one.kind !== 'Deployment' ? { kind: 'OnDelete' } : { kind: 'Rolling', partition: 0 },
    templateAnnotations: carries ? { [KEY]: 'new' } : {},
    status: { updatedReplicas: isDone ? 2 : 0, replicas: 2 },
  });
}

test('whatever becomes of the workloads, each one with an owner is annotated just once, none times out early, and the roll ends', () => {
  fc.assert(
    fc.property(
      fc.array(fate, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (fates, maxConcurrent) => {
        const { annotated, seen } = run(fates, aSpec({ rollout: { maxConcurrent, timeoutSeconds: 20 } }).rollout);
        for (const passes of annotated) assert.equal(passes.length, 1);
        for (const { pass, row } of seen.filter(({ row }) => row.state === 'Failed')) {
          const since = annotated[Number(row.name.slice(1))]?.[0] ?? 0;
          assert.ok(pass - since >= 20, `${row.name} failed ${pass - since} s after its start`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('more workloads than status lists all roll, each with the whole of its time', () => {
  const slow: Fate = { kind: 'Deployment', wave: 0, isPutBack: false, onDelete: false, passes: 15 };
  const never: Fate = { ...slow, passes: Number.POSITIVE_INFINITY };
  const fates = Array.from({ length: 150 }, (_, n) => (n % 3 === 0 ? never : slow));
  const { annotated, seen } = run(fates, aSpec({ rollout: { maxConcurrent: 100, timeoutSeconds: 20 } }).rollout);
  assert.ok(annotated.every(({ length }) => length === 1));
  const last = seen.slice(-150).map(({ row }) => row.state);
  assert.deepEqual(
    [last.filter((one) => one === 'Rolled').length, last.filter((one) => one === 'Failed').length],
    [100, 50],
  );
});
