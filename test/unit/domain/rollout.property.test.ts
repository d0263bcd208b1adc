import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dependents } from '../../../src/domain/dependents.ts';
import { health } from '../../../src/domain/health.ts';
import { rolloutSelector } from '../../../src/domain/label-selector.ts';
import { planRoll } from '../../../src/domain/rollout.ts';
import { annotations, INSTANCE_LABEL } from '../../../src/domain/ssl-reset.ts';
import { aSpec, aWorkload, NOW } from '../support/builders.ts';

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
