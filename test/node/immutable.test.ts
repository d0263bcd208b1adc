import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeCa, hasReason, isReady, isReadyWith, reset } from '../support/operator/fixture.ts';
import { PATIENCE } from '../support/patience.ts';
import { nodeFixture } from './fixture.ts';
import { readingDeployment, SECRET } from './reading.ts';

const OLD = 'the CA of before';
const OTHER = `${SECRET}-2`;

const named = (secretName: string): object => reset({ requestId: 'a', serverCa: { secretName } });

test('an immutable Secret is refused before the call, made again it gives new pods its old content all the same, and another name helps', async (t) => {
  const fixture = await nodeFixture(t);
  const { emulator, reports, apply, kubectl, until, callsAndResets } = fixture;
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SECRET, annotations: { 'cloudsql-ssl.dev/managed-by': 'db' } },
    immutable: true,
    stringData: { 'server-ca.pem': OLD },
  });
  await apply(readingDeployment(fixture, 'api'));
  const before = await reports.until('api', 2, (text) => text === OLD);

  await apply(named(SECRET));
  const refused = await until('db', hasReason('ObjectConflict'));
  assert.match(JSON.stringify(refused.status.conditions), /is immutable; name another Secret in the spec/);
  assert.deepEqual(callsAndResets(), [0, 0]);

  await t.test('made again, while pods of the node refer to it', async () => {
    await kubectl(['delete', 'secret', SECRET]);
    const { status } = await until('db', isReady);
    assert.deepEqual([status.rollout?.summary, callsAndResets()], ['1/1', [1, 1]]);
    const published = await kubectl(['get', 'secret', SECRET, '--output=jsonpath={.data.server-ca\\.pem}']);
    assert.ok(Buffer.from(published, 'base64').toString().includes(activeCa(fixture).pem.trim()));
    const after = await reports.until('api', 4, (text) => text === OLD);
    assert.equal(after.length, 2 + before.length, 'two new pods, with the old content');
  });

  await t.test('another name', async () => {
    await apply(readingDeployment(fixture, 'api', { secret: OTHER }), named(OTHER));
    const generation = 1 + Number(refused.metadata.generation);
    const { status } = await until('db', isReadyWith(generation));
    assert.deepEqual([status.rollout?.summary, callsAndResets()], ['1/1', [1, 1]]);
    await kubectl(['rollout', 'status', 'deployment/api', PATIENCE]);
    await reports.until('api', 2, (text) => text.includes(activeCa({ emulator }).pem.trim()));
  });
});
