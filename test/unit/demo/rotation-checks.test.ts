import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rotation } from '../../demo/rotate.ts';
import { rotated } from '../../demo/rotation-checks.ts';
import type { PodClient } from '../../pods/kubelet.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { client, connected, lost, refused } from './clients.ts';

const [OLD, NEW] = ['aa'.repeat(20), 'bb'.repeat(20)];
const ended = { cause: 'RequestId', previous: OLD, next: NEW, startTime: 't', endTime: 't' };

const rotation = (after: readonly PodClient[], parts: Partial<Rotation> = {}, outcome = 'Rotated'): Rotation => ({
  object: aServerCa({ status: { history: [{ ...ended, outcome }] } }),
  oldCa: { pem: 'old', sha1Fingerprint: OLD },
  newCa: { pem: 'new', sha1Fingerprint: NEW },
  calls: ['addServerCa', 'rotateServerCa'],
  since: 5000,
  clients: { before: [client('orders-api', 'a1', [connected(1000)])], after },
  ...parts,
});

const problems = (one: Rotation): readonly (string | undefined)[] =>
  rotated(one).flatMap(({ found }) => (found === undefined ? [] : [found]));

test('a rotation is as claimed where one CA was added and switched to, and no client lost its connection since', () => {
  const after = [
    client('orders-api', 'a1', [connected(1000), lost(2000), connected(3000)], true),
    client('orders-api', 'a2', [connected(8000)]),
    client('catalog', 'c1', [refused(9000)]),
  ];
  assert.deepEqual(problems(rotation(after)), []);
});

test('a rotation is not as claimed where a client lost its connection or was refused, and its pod is named', () => {
  for (const event of [lost(6000), refused(6000)])
    assert.deepEqual(problems(rotation([client('orders-api', 'a2', [event])])), ['a2']);
});

test('a rotation is not as claimed where another call was made, another CA serves, or it ended otherwise', () => {
  assert.deepEqual(problems(rotation([], { calls: ['addServerCa'] })), ['addServerCa']);
  assert.deepEqual(problems(rotation([], { newCa: { pem: 'old', sha1Fingerprint: OLD } })), ['it does not']);
  assert.deepEqual(problems(rotation([], {}, 'Superseded')), ['Superseded']);
});
