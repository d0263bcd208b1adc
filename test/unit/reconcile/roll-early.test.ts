import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { Workload } from '../../../src/domain/trust/workload.ts';
import { aWorkload } from '../../support/fakes/builders.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const SPEC = {
  requestId: 'a',
  serverCa: { secretName: 'ca', key: 'ca.pem', contents: 'All' },
  clientCertificates: ['app', 'batch', 'cron'].map((commonName) => ({ commonName, secretName: `${commonName}-cert` })),
} as const;

const waveOf = (wave: number) => ({ [annotations.wave]: `${wave}` });

/** Of its workloads, all of which depend on the instance by their label. */
class EarlyFixture extends Fixture {
  /** How many certificates were issued when each of them was annotated, in the order of that. */
  readonly annotated: (readonly [name: string, issued: number])[] = [];
  readonly operator: Operator;

  constructor(...workloads: readonly Workload[]) {
    super({ spec: SPEC });
    this.workloads.remove('api', 'worker');
    this.workloads.add(...workloads);
    this.operator = new Operator(this, { faults: new Faults() });
    const annotate = this.workloads.annotateTemplate.bind(this.workloads);
    this.workloads.annotateTemplate = async (workload, wanted, options) => {
      if (options?.dryRun !== true) this.annotated.push([workload.name, this.cloudSql.issues.length]);
      return annotate(workload, wanted, options);
    };
  }

  async drive(): Promise<void> {
    await this.operator.drive();
    assert.equal(this.end, 'Complete');
    assert.equal(this.cloudSql.issues.length, SPEC.clientCertificates.length);
  }

  keysOf(name: string): number {
    return Object.keys(this.workloads.read(name).templateAnnotations).length;
  }
}

const reader = aWorkload({ name: 'reader', refersTo: ['Secret/ca'] });
const user = aWorkload({ name: 'user', refersTo: ['Secret/app-cert', 'Secret/ca'] });
const unknown = aWorkload({ name: 'unknown' });

describe('a workload that needs only the server CA', () => {
  test('a workload that needs only the server CA rolls before the client certificates are issued, once, and the others after them', async () => {
    const fixture = new EarlyFixture(reader, user, unknown);
    await fixture.drive();
    assert.deepEqual(fixture.annotated, [
      ['reader', 0],
      ['unknown', 3],
      ['user', 3],
    ]);
    assert.deepEqual(
      ['reader', 'user', 'unknown'].map((name) => fixture.keysOf(name)),
      [1, 2, 2],
    );
  });

  test('a workload that needs only the server CA is reported as any other once all have rolled', async () => {
    const fixture = new EarlyFixture(reader, user);
    await fixture.drive();
    const { total, rolled, workloads = [] } = fixture.status.rollout ?? {};
    assert.deepEqual([total, rolled], [2, 2]);
    assert.ok(workloads.every(({ startTime }) => startTime !== undefined));
    const events = fixture.operator.events.filter(
      ({ reason, regarding }) => reason === 'WorkloadRolled' && regarding.kind === 'Deployment',
    );
    assert.deepEqual(events.map(({ regarding }) => regarding.name).toSorted(), ['reader', 'user']);
  });

  test('a workload that needs only the server CA does not roll again when only a client certificate is issued again', async () => {
    const fixture = new EarlyFixture(reader, user);
    await fixture.drive();
    fixture.objects.remove({ kind: 'Secret', namespace: 'orders', name: 'app-cert' });
    fixture.annotated.splice(0);
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 601 } });
    await fixture.operator.drive();
    assert.equal(fixture.cloudSql.issues.length, 4);
    assert.deepEqual(
      fixture.annotated.map(([name]) => name),
      ['user'],
    );
  });

  test('a workload that needs only the server CA waits for an earlier wave that needs a client certificate', async () => {
    const fixture = new EarlyFixture(
      aWorkload({ ...user, annotations: waveOf(1) }),
      ...[0, 1, 2].map((wave) => aWorkload({ ...reader, name: `reader-${wave}`, annotations: waveOf(wave) })),
    );
    await fixture.drive();
    assert.deepEqual(fixture.annotated, [
      ['reader-0', 0],
      ['reader-1', 2],
      ['user', 3],
      ['reader-2', 3],
    ]);
  });

  test('a workload that needs only the server CA waits with the others where not all can be read', async () => {
    const fixture = new EarlyFixture(reader, user);
    const unavailable = new KubernetesError({ kind: 'Unavailable', message: 'injected' });
    fixture.resets.watch(({ status }) => {
      if (status.request?.outcome !== 'Accepted') return;
      if (status.request.issuedTime === undefined) fixture.workloads.unlistable.set('Deployment', unavailable);
      else fixture.workloads.unlistable.clear();
    });
    await fixture.drive();
    assert.deepEqual(fixture.annotated, [
      ['reader', 3],
      ['user', 3],
    ]);
  });
});
