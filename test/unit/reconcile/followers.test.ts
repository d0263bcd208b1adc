/** What an object that follows its instance means for the resets of the instance. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KIND } from '../../../src/domain/reset/ssl-reset.ts';
import { type CloudSqlServerCa, KIND as SERVER_CA } from '../../../src/domain/server-ca/server-ca-object.ts';
import { keyOf } from '../../../src/lib/key.ts';
import { indexedOfAnyKind } from '../../../src/reconcile/indexed.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { aReset, at, fingerprint, readyConditions, stalledConditions } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';

/** It has read this CA as the active one, so many seconds after the tests begin. */
const follower = (n: number, seconds: number, parts: Parameters<typeof aServerCa>[0] = {}): CloudSqlServerCa =>
  aServerCa({
    ...parts,
    status: {
      observedGeneration: 1,
      conditions: readyConditions('UpToDate'),
      readTime: at(seconds),
      publishedTo: 'Secret/orders-db-ca',
      serverCas: [{ sha1Fingerprint: fingerprint(n), role: 'Active', published: true, createTime: at(n) }],
    },
  });

/** A reset that is done, and has read this CA then. */
const done = (n: number, seconds: number, name = 'reset') =>
  aReset({
    name,
    status: {
      observedGeneration: 1,
      conditions: readyConditions(),
      request: { generation: 1, receivedTime: at(0), attempt: 1, outcome: 'Accepted', time: at(0), doneTime: at(1) },
      serverCa: { sha1Fingerprint: fingerprint(n), createTime: at(n), readTime: at(seconds) },
    },
  });

describe('an object that follows', () => {
  test('an object that follows is in no group, and keeps no reset of its instance from being alone in it', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    const reset = aReset();
    for (const object of [reset, follower(1, 0)]) index.apply(object);
    assert.equal(index.groupOf(keyOf(SERVER_CA, follower(1, 0).metadata)), undefined);
    assert.equal(index.groupOf(keyOf(KIND, reset.metadata)), 'acme-prod/orders-db');
  });

  test('an object that follows is waited for by no call, and is not told of one: it looks by itself', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    const reset = aReset();
    for (const object of [reset, follower(1, 0)]) index.apply(object);
    const siblings = index.siblingsOf(reset);
    assert.deepEqual([siblings.toWaitFor(), siblings.unaware(), siblings.withUnseenCa()], [[], [], []]);
  });

  test('an object that follows is woken by a reset that has read another CA since, and not by one that read it before', () => {
    const key = keyOf(SERVER_CA, follower(1, 0).metadata);
    const woken = (seconds: number): boolean => {
      const index = new ObjectIndex(indexedOfAnyKind);
      index.apply(follower(1, 10));
      return index.apply(done(2, seconds)).includes(key);
    };
    assert.deepEqual([woken(20), woken(5)], [true, false]);
  });

  test('an object that follows wakes a reset that holds another CA than it has read since', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    index.apply(done(1, 10));
    assert.ok(index.apply(follower(2, 20)).includes(keyOf(KIND, done(1, 10).metadata)));
  });

  test('an object that follows is always due, so that a start plans its looks', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    for (const object of [done(1, 10), follower(1, 10)]) index.apply(object);
    assert.deepEqual(index.due, [keyOf(SERVER_CA, follower(1, 0).metadata)]);
  });

  test('of two objects of both kinds that name one Secret, the one that holds it goes first, then the one that was created first', () => {
    const serverCa = { secretName: 'orders-db-ca', key: 'server-ca.pem', contents: 'All' } as const;
    const reset = { ...aReset({ name: 'reset', spec: { serverCa } }) };
    const early = { ...reset, metadata: { ...reset.metadata, creationTimestamp: '2026-01-01T00:00:00Z' } };
    const fresh = aServerCa({ creationTimestamp: '2026-02-01T00:00:00Z' });
    const keys = { reset: keyOf(KIND, reset.metadata), follower: keyOf(SERVER_CA, fresh.metadata) };
    const index = new ObjectIndex(indexedOfAnyKind);
    for (const object of [early, fresh]) index.apply(object);
    assert.equal(index.names.rivalOf(keys.follower, 'Secret/orders-db-ca'), keys.reset);
    index.apply(follower(1, 0, { creationTimestamp: '2026-02-01T00:00:00Z' }));
    assert.equal(index.names.rivalOf(keys.reset, 'Secret/orders-db-ca'), keys.follower);
    assert.equal(index.names.rivalOf(keys.follower, 'Secret/orders-db-ca'), undefined);
  });

  test('an object that follows counts each instance of its project once', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    const spec = { project: 'acme-dev' };
    for (const object of [
      follower(1, 0),
      follower(1, 0, { namespace: 'billing' }),
      follower(1, 0, { name: 'other', spec: { instance: 'other' } }),
      follower(1, 0, { name: 'dev', spec }),
      aReset({ name: 'reset', spec: { instance: 'third' } }),
    ])
      index.apply(object);
    assert.deepEqual([...index.followed()].toSorted(), [
      ['acme-dev', 1],
      ['acme-prod', 2],
    ]);
    assert.equal(index.followed().get('none'), undefined);
  });

  test('an object that follows and is not permitted, or has not looked yet, counts for no look of others', () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    const named = (instance: string) => follower(1, 0, { name: instance, spec: { instance } });
    const never = aServerCa({ name: 'new', spec: { instance: 'new' } });
    const denied = [never, named('once')].map(({ status, ...object }) => ({
      ...object,
      status: { ...status, conditions: stalledConditions('NotPermitted') },
    }));
    for (const object of [named('permitted'), ...denied, aServerCa({ name: 'newer', spec: { instance: 'newer' } })])
      index.apply(object);
    assert.equal(index.followed().get('acme-prod'), 1);
  });

  test('an object follows another one that has read another CA later, also where nobody says when the CAs were made', () => {
    const createTime = 'not said';
    const undated = ({ status, ...object }: ReturnType<typeof done>) => {
      const { serverCa } = status;
      return { ...object, status: { ...status, ...(serverCa && { serverCa: { ...serverCa, createTime } }) } };
    };
    const undatedFollower = (n: number, seconds: number): CloudSqlServerCa => {
      const { status, ...object } = follower(n, seconds);
      const serverCas = status.serverCas?.map((one) => ({ ...one, createTime }));
      return { ...object, status: { ...status, ...(serverCas && { serverCas }) } };
    };
    for (const other of [undated(done(2, 20, 'other')), undatedFollower(2, 20)]) {
      const index = new ObjectIndex(indexedOfAnyKind);
      const behind = undated(done(1, 10));
      index.apply(behind);
      assert.ok(index.apply(other).includes(keyOf(KIND, behind.metadata)));
      assert.equal(index.siblingsOf(behind).makeOutdated(), true);
      assert.equal(index.siblingsOf(other).makeOutdated(), false);
      assert.equal(index.siblingsOf(behind).newerCa({ sha1Fingerprint: fingerprint(1), pem: '' }), undefined);
    }
  });
});
