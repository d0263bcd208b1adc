import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { aWorkload } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const message = ({ status }: Fixture, type: string): string => {
  const condition = status.conditions?.find((one) => one.type === type);
  return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
};

test('what waits for a person leaves the request ready, and is reported in its conditions and by an event', async () => {
  const fixture = new Fixture({ spec: { rollout: { kinds: ['Deployment', 'StatefulSet', 'Rollout'] } } });
  const argo = { phase: 'Healthy', message: '', awaitsPromotion: false, observedTemplateGeneration: 0 };
  fixture.workloads.add(
    aWorkload({ kind: 'StatefulSet', name: 'db', strategy: { kind: 'OnDelete' }, status: { updatedReplicas: 0 } }),
    aWorkload({ kind: 'Rollout', name: 'shop', status: { argo } }),
  );
  const operator = new Operator(fixture);
  await operator.drive();
  assert.match(message(fixture, 'Ready'), /^True Complete: 3\/4 workloads rolled; 1 left to a person/);
  assert.match(message(fixture, 'WorkloadsRolled'), /^True ManualActionRequired: 3 rolled .*: StatefulSet db$/);
  const told = operator.events.filter(({ reason }) => reason === 'ManualActionRequired');
  assert.deepEqual(
    told.map(({ type, regarding }) => `${type} ${regarding.apiVersion} ${regarding.kind}`),
    ['Warning cloudsql-ssl.dev/v1alpha1 CloudSqlSslReset', 'Warning apps/v1 StatefulSet'],
  );
  const rollout = operator.events.find(({ regarding }) => regarding.kind === 'Rollout');
  assert.equal(rollout?.regarding.apiVersion, 'argoproj.io/v1alpha1');
});

test('one whose annotation admission drops has failed, and is not written again', async () => {
  const fixture = new Fixture();
  fixture.workloads.dropping.add('worker');
  await new Operator(fixture).drive();
  assert.match(
    message(fixture, 'Ready'),
    /^False RolloutFailed: Deployment worker: An admission webhook or policy removed its annotation/,
  );
  assert.deepEqual([fixture.status.rollout?.summary, fixture.workloads.writes], ['1/2', 2]);
});

test('before the call one of each kind is tried, and the one that is refused is named', async () => {
  const fixture = new Fixture({ spec: { rollout: { kinds: ['Deployment', 'DaemonSet'] }, deadlineSeconds: 60 } });
  fixture.workloads.add(aWorkload({ kind: 'DaemonSet', name: 'zebra' }));
  fixture.workloads.refusing.set('zebra', new KubernetesError({ kind: 'Refused', message: 'not here' }));
  await new Operator(fixture).drive();
  assert.match(message(fixture, 'Ready'), /CannotPublish.*DaemonSet zebra: not here/);
  assert.equal(fixture.cloudSql.executed, 0);
});

test('a Deployment that is paused in the middle of its roll is never counted as done: Ready counts it, and its row has the command', async () => {
  const fixture = new Fixture();
  fixture.workloads.rollMs = 20_000;
  const operator = new Operator(fixture);
  operator.faults.plan = (_n, name) => {
    const isRolling = fixture.status.rollout?.workloads?.some((row) => row.state === 'Rolling') === true;
    if (name === 'workloads.list' && isRolling) fixture.workloads.pause('worker', { updatedReplicas: 1 });
    return undefined;
  };
  await operator.drive();
  assert.match(message(fixture, 'Ready'), /^True Complete: 1\/2 workloads rolled; 1 left to a person.*; 1 paused/);
  assert.match(
    message(fixture, 'WorkloadsRolled'),
    /^True ManualActionRequired: 1 rolled and healthy, 1 paused, 1 left/,
  );
  const row = fixture.status.rollout?.workloads?.find(({ name }) => name === 'worker');
  assert.match(
    `${row?.state}: ${row?.message}`,
    /^ManualActionRequired: .*kubectl -n orders rollout resume deployment\/worker/,
  );
  assert.equal(operator.events.filter(({ reason }) => reason === 'ManualActionRequired').length, 2);
});

test('a Deployment that was paused before is annotated, skipped, and counted by Ready', async () => {
  const fixture = new Fixture();
  fixture.workloads.pause('worker');
  await new Operator(fixture).drive();
  assert.match(message(fixture, 'Ready'), /^True Complete: 1\/2 workloads rolled; 1 paused/);
  assert.match(message(fixture, 'WorkloadsRolled'), /^True Rolled: 1 rolled and healthy, 1 skipped, 1 paused$/);
  assert.equal(fixture.workloads.writes, 2);
});
