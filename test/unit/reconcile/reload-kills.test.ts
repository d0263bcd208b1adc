/** S3 of workloads whose pods stay, whatever goes wrong: their pods are told, and nothing else of a workload is written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { podAnnotationKey } from '../../../src/domain/trust/pod.ts';
import { templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import { aPod, aWorkload } from '../../support/fakes/builders.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const KEY = podAnnotationKey(templateAnnotationKey({ project: 'acme-prod', instance: 'orders-db' }));

/** A workload whose pods stay, and two pods that are not its own: that of another workload, and one without any. */
function reloading(): Fixture {
  const fixture = new Fixture();
  fixture.workloads.remove('worker');
  fixture.workloads.add(aWorkload({ name: 'api', annotations: { [annotations.pickUp]: 'Reload' } }));
  for (const pod of [
    aPod({ name: 'api-1-a' }),
    aPod({ name: 'api-1-b' }),
    aPod({ name: 'api-worker-1-a', ownerName: 'api-worker-1' }),
    aPod({ name: 'alone', ownerName: '', ownerUid: '', templateHash: '' }),
  ]) {
    fixture.pods.all.set(pod.name, pod);
  }
  return fixture;
}

function outcome({ end, cloudSql, workloads, pods, status }: Fixture) {
  const told = [...pods.all.values()].filter((pod) => pod.told[KEY] === status.rollout?.revision);
  return {
    end,
    executed: cloudSql.executed,
    rolled: status.rollout?.summary,
    templates: workloads.writes,
    told: told.map(({ name }) => name),
    untouched: [...pods.all.values()].filter(({ resourceVersion }) => resourceVersion === '1').map(({ name }) => name),
  };
}

const TOLD_ONCE = {
  end: 'Complete',
  executed: 1,
  rolled: '1/1',
  templates: 0,
  told: ['api-1-a', 'api-1-b'],
  untouched: ['api-worker-1-a', 'alone'],
};

const FAULTS: readonly Fault[] = ['KillBefore', 'KillAfter', 'Fail', 'LoseAnswer'];

describe('the pods of a Reload workload', async () => {
  const calm = new Operator(reloading());
  await calm.drive();
  for (const fault of FAULTS) {
    test(`the pods of a Reload workload are told, and nothing else is, whatever call meets ${fault}`, async () => {
      for (const [n, name] of calm.faults.calls.entries()) {
        const fixture = reloading();
        const faults = new Faults((at) => (at === n ? fault : undefined));
        await new Operator(fixture, { faults }).drive();
        assert.deepEqual(outcome(fixture), TOLD_ONCE, `call ${n}, ${name}`);
      }
    });
  }
});
