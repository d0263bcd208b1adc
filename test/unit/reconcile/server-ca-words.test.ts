/** What a CloudSqlServerCa says of what it found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import { ca, Followed, SECRET } from '../../support/fakes/followed.ts';
import { toBytes } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

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

test('a CloudSqlServerCa whose pin holds back an expiry says so once it is due, when it expires, with no other write, and no more once the pin is gone', async () => {
  const rotation = { mode: 'WhenDue', holdSeconds: 0, verifySeconds: 60, renewBeforeSeconds: 24 * 3_600 } as const;
  const site = new Followed({
    spec: { rotation: { ...rotation, activeSha1Fingerprint: fingerprint(1).toUpperCase() } },
  });
  const expirationTime = new Date(site.clock.wallMs + 25 * HOUR_MS).toISOString();
  site.cloudSql.listed = [ca(1, { createTime: '2016-01-01T00:00:00Z', expirationTime })];
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime: '2036-01-01T00:00:00Z' });
  await site.operator.driveFor(HOUR_MS / 2);
  assert.doesNotMatch(messageOf(site, 'Ready'), /activeSha1Fingerprint/);
  const { writes } = site.serverCas;
  // It is due within a tenth of a day, and seen at the next look.
  await site.operator.driveFor(3 * HOUR_MS);
  const said =
    /; rotation\.activeSha1Fingerprint holds back a rotation that is due since (\S+): the server CA expires at (\S+)$/;
  const [, since = '', until = ''] = said.exec(messageOf(site, 'Ready')) ?? [];
  assert.ok(Date.parse(since) < site.clock.wallMs);
  assert.equal(Date.parse(until), Date.parse(expirationTime));
  await site.operator.driveFor(6 * HOUR_MS);
  site.operator.restart();
  await site.operator.driveFor(6 * HOUR_MS);
  assert.equal(site.serverCas.writes - writes, 1);
  assert.deepEqual([site.reason(), site.cloudSql.rotations], ['True UpToDate', []]);
  site.serverCas.replaceRotation(site.ref, rotation);
  await site.operator.driveFor(HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  assert.doesNotMatch(messageOf(site, 'Ready'), /activeSha1Fingerprint/);
});

test('a CloudSqlServerCa that is pinned and would not rotate for an expiry says nothing of it', async () => {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', activeSha1Fingerprint: fingerprint(1) } } });
  const expirationTime = new Date(site.clock.wallMs + 25 * HOUR_MS).toISOString();
  site.cloudSql.listed = [ca(1, { createTime: '2016-01-01T00:00:00Z', expirationTime })];
  await site.operator.driveFor(HOUR_MS);
  assert.doesNotMatch(messageOf(site, 'Ready'), /activeSha1Fingerprint/);
});
