import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterwards } from '../support/afterwards.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { openLab } from '../support/proxied/lab.ts';
import { sampleCases } from './cases.ts';
import { RESETS } from './resets.ts';
import { referenceRun } from './whole-run.ts';

test('the operator survives what happens around the call; all of it: npm run test:faults', {
  concurrency: 4,
}, async (t) => {
  const lab = await openLab(await sharedCluster());
  afterwards(t, () => lab.close());
  const cases = sampleCases(await referenceRun(RESETS, lab));
  await Promise.all(
    cases.map((one) =>
      t.test(one.name, async () => {
        const outcome = await one.run(lab);
        assert.equal(outcome.kind, 'Survived', outcome.kind === 'Fell' ? outcome.found.join('\n') : 'not reached');
      }),
    ),
  );
});
