import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import {
  activeCa,
  deployment,
  hasReason,
  isReady,
  isReadyWith,
  operatorFixture,
  reset,
} from '../../support/operator/fixture.ts';
import { PATIENCE } from '../../support/patience.ts';

const isCalled = ({ api }: { readonly api: string }): boolean => api === 'resetSslConfig';

describe('requests', { concurrency: 3 }, () => {
  test('a first object resets once, publishes the new CA and rolls what depends on it, and nothing else', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl, resets } = fixture;
    const oldCa = activeCa(fixture).pem;
    const serverCa = { secretName: 'ca' };
    const mounting = { volumes: [{ name: 'ca', secret: { secretName: 'ca', optional: true } }] };
    await apply(
      deployment('labelled'),
      deployment('mounting', { labels: { 'cloudsql-ssl.dev/instance': 'other' }, pod: mounting }),
      deployment('unrelated', { labels: { 'cloudsql-ssl.dev/instance': 'other' } }),
    );
    await kubectl(['wait', '--for=condition=Available', 'deployment', '--all', PATIENCE]);
    await apply(reset({ serverCa }));
    const { status } = await until('db', isReady);

    assert.equal(resets(), 1);
    assert.equal(status.operation?.status, 'DONE');
    assert.deepEqual(
      status.rollout?.workloads?.map(({ name, state }) => [name, state]),
      [
        ['labelled', 'Rolled'],
        ['mounting', 'Rolled'],
      ],
    );
    const pem = await kubectl([
      'get',
      'secret',
      'ca',
      '-o',
      'go-template={{index .data "server-ca.pem" | base64decode}}',
    ]);
    assert.equal(pem.trim(), activeCa(fixture).pem.trim());
    assert.notEqual(pem.trim(), oldCa.trim());
    const generations = await kubectl([
      'get',
      'deployment',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} {end}',
    ]);
    assert.equal(generations.trim(), 'labelled=2 mounting=2 unrelated=1');
    const events = await kubectl(['get', 'events.events.k8s.io', '-o', 'jsonpath={.items[*].reason}']);
    for (const reason of ['ResetAccepted', 'ResetFinished', 'WorkloadRolled', 'Complete'])
      assert.match(events, new RegExp(reason));
  });

  test('each new generation is a request of its own', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    await apply(reset());
    await until('db', isReady);
    await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"deadlineSeconds":600}}']);
    const { status } = await until('db', isReadyWith(2));
    assert.equal(resets(), 2);
    assert.deepEqual(
      status.history?.map(({ generation, outcome }) => [generation, outcome]),
      [
        [2, 'Complete'],
        [1, 'Complete'],
      ],
    );
  });

  test('with a requestId only its change resets; another edit publishes and rolls again', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    await apply(reset({ requestId: '1' }), deployment('app'));
    await until('db', isReady);
    await apply(reset({ requestId: '1', serverCa: { configMapName: 'ca' } }));
    const { status } = await until('db', isReadyWith(2));
    assert.equal(resets(), 1);
    assert.equal(status.serverCa?.publishedTo, 'ConfigMap/ca');
    assert.equal(findCondition(status.conditions, 'WorkloadsRolled')?.reason, 'Unchanged');
    assert.match(await kubectl(['get', 'configmap', 'ca', '-o', 'yaml']), /BEGIN CERTIFICATE/);
    await apply(reset({ requestId: '2', serverCa: { configMapName: 'ca' } }));
    await until('db', isReadyWith(3));
    assert.equal(resets(), 2);
  });

  test('the first requestId of a finished object does not reset', async (t) => {
    const { apply, until, resets } = await operatorFixture(t);
    await apply(reset());
    await until('db', isReady);
    await apply(reset({ requestId: 'a' }));
    const { status } = await until('db', isReadyWith(2));
    assert.equal(status.request?.requestId, 'a');
    assert.equal(resets(), 1);
  });

  test('a CA that is not the one of the precondition any more is published without a reset', async (t) => {
    const { apply, until, emulator, resets } = await operatorFixture(t);
    const preconditions = { serverCaSha1Fingerprint: 'AB'.repeat(20) };
    await apply(reset({ preconditions, serverCa: { secretName: 'ca' } }), deployment('app'));
    const { status } = await until('db', hasReason('AlreadyRotated'));
    assert.equal(resets(), 0);
    assert.equal(emulator.journal.entries().filter(isCalled).length, 0);
    assert.equal(status.rollout?.summary, '1/1');
    assert.equal(findCondition(status.conditions, 'ResetDone'), undefined);
  });

  test('a precondition that holds lets the reset happen, once', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl, resets } = fixture;
    const fingerprint = activeCa(fixture).sha1Fingerprint;
    await apply(reset({ preconditions: { serverCaSha1Fingerprint: fingerprint.toUpperCase() } }));
    await until('db', isReady);
    await kubectl(['delete', 'sslreset', 'db']);
    await apply(reset({ preconditions: { serverCaSha1Fingerprint: fingerprint } }));
    await until('db', hasReason('AlreadyRotated'));
    assert.equal(resets(), 1);
  });

  test('past notAfterTime nothing is called', async (t) => {
    const { apply, until, resets } = await operatorFixture(t);
    await apply(reset({ preconditions: { notAfterTime: '2020-01-01T00:00:00Z' } }));
    await until('db', hasReason('Expired'));
    assert.equal(resets(), 0);
  });

  test('an object that is deleted and made again is a new request', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    await apply(reset());
    const first = await until('db', isReady);
    await kubectl(['delete', 'sslreset', 'db']);
    await apply(reset());
    await until('db', (next) => isReady(next) && next.metadata.uid !== first.metadata.uid);
    assert.equal(resets(), 2);
  });

  test('two objects of one instance: the one that is Ready publishes and rolls again, without a call', async (t) => {
    const { apply, until, resets } = await operatorFixture(t);
    await apply(reset({ serverCa: { secretName: 'ca-1' } }, { name: 'one' }), deployment('app'));
    const one = await until('one', isReady);
    await apply(reset({ serverCa: { secretName: 'ca-2' }, rollout: { disabled: true } }, { name: 'two' }));
    const two = await until('two', isReady);
    const renewed = await until(
      'one',
      (next) => isReady(next) && next.status.serverCa?.sha1Fingerprint === two.status.serverCa?.sha1Fingerprint,
    );
    assert.equal(resets(), 2);
    assert.notEqual(renewed.status.rollout?.revision, one.status.rollout?.revision);
    assert.equal(renewed.status.rollout?.summary, '1/1');
  });
});
