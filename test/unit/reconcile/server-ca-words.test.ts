/** What a CloudSqlServerCa says of what it found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { ca, Followed, SECRET } from '../../support/fakes/followed.ts';
import { toBytes } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;

const messageOf = ({ status }: Followed, type: 'Ready' | 'Stalled'): string =>
  findCondition(status.conditions, type)?.message ?? '';

test('a CloudSqlServerCa names the field manager that edits its Secret each time that it is put back', async () => {
  const site = new Followed();
  await site.operator.driveFor(MINUTE_MS);
  for (let looks = 0; looks < 4; looks += 1) {
    const stored = await site.objects.get(SECRET);
    assert.ok(stored);
    site.objects.put({ ...stored, editedBy: 'terraform', data: toBytes({ 'server-ca.pem': 'other' }) });
    await site.operator.driveFor(6 * MINUTE_MS);
  }
  const said = /^Secret\/orders-db-ca is changed by the field manager terraform each time that it is put back;/;
  assert.match(messageOf(site, 'Stalled'), said);
});

test('a CloudSqlServerCa that is created with a requestId says that it was recorded and rotates nothing, until another one is executed', async () => {
  const site = new Followed({
    spec: { rotation: { mode: 'OnRequest', requestId: 'restored', holdSeconds: 0, verifySeconds: 60 } },
  });
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  assert.match(
    messageOf(site, 'Ready'),
    /; rotation\.requestId restored was there when the object had no status, so it is recorded and rotates nothing: /,
  );
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveFor(20 * MINUTE_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  assert.doesNotMatch(messageOf(site, 'Ready'), /recorded/);
});
