/** Workloads whose pods are told, and not restarted, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { podAnnotationKey } from '../../../src/domain/trust/pod.ts';
import { RELOADS } from '../../../src/domain/trust/reload.ts';
import { templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import { aPod, aReset, at, aWorkload } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { Operator, type Site } from '../../support/fakes/operator.ts';

const KEY = podAnnotationKey(templateAnnotationKey({ project: 'acme-prod', instance: 'orders-db' }));
const MINUTE_MS = 60_000;
const refused = (kind: 'Forbidden' | 'Unavailable'): KubernetesError => new KubernetesError({ kind, message: 'no' });

function addPods(site: Site): void {
  for (const name of ['api-1-a', 'api-1-b']) site.pods.all.set(name, aPod({ name }));
}

/** A reset whose Deployment `api` reads the file again, and whose `worker` is restarted. */
class Reloading extends Fixture {
  constructor(rollout: Partial<Spec['rollout']> = {}) {
    super({ spec: { rollout } });
    this.workloads.add(aWorkload({ name: 'api', annotations: { [annotations.pickUp]: 'Reload' } }));
    addPods(this);
  }

  get row() {
    return this.status.rollout?.workloads?.find(({ name }) => name === 'api');
  }

  get told(): readonly (string | undefined)[] {
    return [...this.pods.all.values()].map(({ told }) => told[KEY]);
  }
}

describe('a workload whose pods stay', () => {
  test('the pods of a Reload workload are told of the new CA after it was published, and its template stays as it is', async () => {
    const fixture = new Reloading();
    const published: (string | undefined)[] = [];
    fixture.pods.onTold = () => void fixture.publishedCa().then((pem) => published.push(pem));
    const operator = new Operator(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    const { revision } = fixture.status.rollout ?? {};
    assert.deepEqual(fixture.told, [revision, revision]);
    assert.deepEqual(published, ['CA 2\n', 'CA 2\n']);
    assert.deepEqual(fixture.workloads.read('api').templateAnnotations, {});
    assert.deepEqual([fixture.row?.state, fixture.row?.message], ['Rolled', RELOADS]);
    assert.equal(fixture.workloads.writes, 1, 'worker is restarted');
    assert.equal(fixture.status.rollout?.summary, '2/2');
    const note = operator.events.find(
      ({ reason, note: text }) => reason === 'WorkloadRolled' && text.includes('api'),
    )?.note;
    assert.equal(note, `Deployment api is healthy. ${RELOADS}`);
  });

  test('a Reload workload counts as rolled once it is healthy after reloadSeconds', async () => {
    const fixture = new Reloading({ reloadSeconds: 120 });
    let toldMs = 0;
    fixture.pods.onTold = () => {
      toldMs = fixture.clock.wallMs;
    };
    const operator = new Operator(fixture);
    await operator.driveUntil(() => fixture.row?.state === 'Rolled');
    assert.ok(fixture.clock.wallMs - toldMs >= 120_000);
  });

  test('a pod that was made after the publishing is told nothing', async () => {
    const fixture = new Reloading();
    fixture.pods.all.set('api-1-b', aPod({ name: 'api-1-b', createdTime: at(36_000) }));
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    assert.deepEqual(fixture.told, [fixture.status.rollout?.revision, undefined]);
  });

  test('a Reload workload that takes the CA by env or subPath is restarted, and its row says why', async () => {
    const fixture = new Reloading();
    const api = fixture.workloads.read('api');
    fixture.workloads.add({ ...api, refersTo: ['Secret/orders-db-ca'], takesOnce: ['Secret/orders-db-ca'] });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    assert.deepEqual([fixture.pods.writes, fixture.workloads.writes], [0, 2]);
    assert.match(fixture.row?.message ?? '', /takes Secret\/orders-db-ca by env or subPath/);
  });

  test('the plan warns of a Reload workload that will be restarted, and of nothing that only a restart has to fear', async () => {
    const fixture = new Reloading();
    const refersTo = ['Secret/orders-db-ca'];
    const owner = { kind: 'Controller', name: 'c' };
    fixture.workloads.add(
      { ...fixture.workloads.read('api'), refersTo, takesOnce: refersTo },
      aWorkload({ name: 'told', refersTo, owner, paused: true, annotations: { [annotations.pickUp]: 'Reload' } }),
    );
    await new Operator(fixture).drive();
    const { warnings = [] } = fixture.status.plan ?? {};
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^Deployment api: It takes Secret\/orders-db-ca by env or subPath/);
  });

  test('a reset is not called where the operator may not tell the pods of a Reload workload', async () => {
    for (const call of ['list', 'annotate'] as const) {
      const fixture = new Reloading();
      fixture.pods.refusals[call] = refused('Forbidden');
      await new Operator(fixture).driveUntil(() => fixture.reconcilingReason === 'CannotPublish');
      assert.equal(fixture.cloudSql.calls, 0);
    }
  });

  test('a reset is not called where admission would drop what the pods of a Reload workload are told', async () => {
    const fixture = new Reloading();
    fixture.pods.dropping.add('api-1-a');
    await new Operator(fixture).driveUntil(() => fixture.reconcilingReason === 'CannotPublish');
    assert.equal(fixture.cloudSql.calls, 0);
  });

  test('a Reload workload whose pods may not be told after the reset fails, with the way out', async () => {
    const fixture = new Reloading();
    const operator = new Operator(fixture);
    await operator.driveUntil(() => fixture.cloudSql.executed === 1);
    fixture.pods.refusals.annotate = refused('Forbidden');
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.row?.state], ['RolloutFailed', 'Failed']);
    assert.match(fixture.row?.message ?? '', /rollout\.reload of the chart/);
  });

  test('a Reload workload is told once more where the API server failed, and no pod twice', async () => {
    const fixture = new Reloading();
    let calls = 0;
    const faults = new Faults((_n, name) => {
      if (name === 'pods.annotate') calls += 1;
      return name === 'pods.annotate' && calls > 1 && calls < 5 ? 'Fail' : undefined;
    });
    const operator = new Operator(fixture, { faults });
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    assert.equal(fixture.pods.writes, 2);
  });

  test('a Reload workload whose annotations somebody takes away each time is left to a person', async () => {
    const fixture = new Reloading();
    fixture.pods.onTold = ({ name }) => {
      fixture.clock.after(100, () => fixture.pods.all.set(name, aPod({ name })));
    };
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.row?.state], ['Complete', 'ManualActionRequired']);
    assert.match(fixture.row?.message ?? '', /took the annotations of its pods away 3 times/);
    assert.ok(fixture.pods.writes <= 8);
  });

  test('of two objects of an instance, the one that restarts a workload goes first, and it is restarted once', async () => {
    const fixture = new Fixture({ spec: { rollout: { pickUp: 'Reload' } } });
    addPods(fixture);
    fixture.resets.create(
      aReset({ name: 'second', spec: { serverCa: { secretName: 'second', key: 'ca.pem', contents: 'All' } } }),
    );
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    assert.equal(fixture.pods.writes, 0);
    assert.equal(
      typeof fixture.workloads.read('api').templateAnnotations[templateAnnotationKey(fixture.reset.spec)],
      'string',
    );
  });

  test('an object that disables its roll restarts nobody', async () => {
    const fixture = new Fixture({ spec: { rollout: { pickUp: 'Reload' } } });
    addPods(fixture);
    const [, b] = [...fixture.pods.all.values()];
    assert.ok(b !== undefined);
    fixture.workloads.remove('worker');
    fixture.resets.create(
      aReset({
        name: 'second',
        spec: { serverCa: { secretName: 'second', key: 'ca.pem', contents: 'All' }, rollout: { disabled: true } },
      }),
    );
    await new Operator(fixture).drive();
    assert.equal(fixture.workloads.writes, 0);
    assert.equal(fixture.pods.all.get('api-1-a')?.told[KEY], fixture.status.rollout?.revision);
  });
});

describe('a CloudSqlServerCa whose workloads read the file again', () => {
  async function ready(): Promise<Followed> {
    const site = new Followed({ spec: { rollout: { pickUp: 'Reload' } } });
    site.workloads.remove('worker');
    addPods(site);
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    return site;
  }

  test('a CloudSqlServerCa tells the pods of a CA that waits, and of nothing at the switch to it, nor when the old one goes', async () => {
    const site = await ready();
    assert.deepEqual([site.pods.writes, site.workloads.writes], [2, 0]);
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.pods.writes, 4);
    for (const listed of [[ca(2), ca(1)], [ca(2)]]) {
      site.cloudSql.listed = listed;
      await site.operator.driveFor(6 * MINUTE_MS);
    }
    assert.deepEqual([site.reason(), site.pods.writes, site.workloads.writes], ['True UpToDate', 4, 0]);
  });

  test('a CloudSqlServerCa writes nothing in an hour in which nothing is new', async () => {
    const site = await ready();
    const writes = [site.writes, site.serverCas.writes];
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.deepEqual([site.writes, site.serverCas.writes], writes);
  });

  test('a workload that says Restart after it was told is restarted for the next CA, once', async () => {
    const site = await ready();
    site.workloads.add({ ...site.workloads.read('api'), annotations: { [annotations.pickUp]: 'Restart' } });
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(12 * MINUTE_MS);
    assert.deepEqual([site.reason(), site.pods.writes, site.workloads.writes], ['True UpToDate', 2, 1]);
  });

  test('the pods of a workload that rolls are not read again and again while others still roll', async () => {
    const site = new Followed({ spec: { rollout: { pickUp: 'Restart' } } });
    site.workloads.add(aWorkload({ name: 'api', annotations: { [annotations.pickUp]: 'Reload' } }));
    site.workloads.rollMsOf.set('worker', 5 * MINUTE_MS);
    addPods(site);
    await site.operator.driveFor(4 * MINUTE_MS);
    assert.equal(site.reason('WorkloadsRolled'), 'False RollingOut');
    assert.ok(site.pods.lists < 20, String(site.pods.lists));
  });

  test('a Reset and a CloudSqlServerCa of one instance that differ restart a workload', async () => {
    const fixture = new Fixture({ spec: { rollout: { pickUp: 'Restart' } } });
    addPods(fixture);
    const spec = { serverCa: { secretName: 'followed' }, rollout: { pickUp: 'Reload' } } as const;
    fixture.serverCas.create(aServerCa({ spec }));
    const operator = new Operator(fixture);
    await operator.driveFor(10 * MINUTE_MS);
    assert.equal(fixture.end, 'Complete');
    assert.equal(fixture.pods.writes, 0);
  });
});
