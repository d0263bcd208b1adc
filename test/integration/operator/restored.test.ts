import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import {
  activeCa,
  deployment,
  hasReason,
  isReady,
  type OperatorFixture,
  operatorFixture,
  reset,
} from '../../support/operator/fixture.ts';

/** What a backup holds of an object: the API server gives it another uid, and generation 1. */
type Backup = { readonly metadata: object; readonly spec: object; readonly status: object };

async function backUp({ kubectl }: OperatorFixture): Promise<Backup> {
  const { apiVersion, kind, metadata, spec, status } = JSON.parse(
    await kubectl(['get', 'sslreset', 'db', '-o', 'json']),
  );
  const { name, annotations } = metadata;
  return { ...{ apiVersion, kind }, metadata: { name, annotations }, spec, status };
}

/** Like Velero, which creates the object: the API server takes no status with that. */
async function restore({ kubectl }: OperatorFixture, backup: Backup, annotations: object = {}): Promise<void> {
  await kubectl(['create', '-f', '-'], JSON.stringify({ ...backup, metadata: { ...backup.metadata, annotations } }));
}

/** A second write, as with Velero's restoreStatus. */
const restoreStatus = ({ kubectl }: OperatorFixture, backup: Backup): Promise<string> =>
  kubectl(['replace', '--subresource=status', '-f', '-'], JSON.stringify(backup));

const remove = ({ kubectl }: OperatorFixture): Promise<string> => kubectl(['delete', 'sslreset', 'db']);

/** Another generation of the same object, and its end. */
async function edit({ kubectl, until }: OperatorFixture): Promise<void> {
  await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"deadlineSeconds":600}}']);
  await until('db', (db) => isReady(db) && db.metadata.generation === 2);
}

/** Spec and status, while no operator runs that could see the one without the other. */
async function comeBackWhileStopped(all: OperatorFixture, backup: Backup): Promise<void> {
  await all.operator.kill('SIGTERM');
  await remove(all);
  await restore(all, backup);
  await restoreStatus(all, backup);
  await all.restartOperator();
}

const statusOf = async ({ kubectl }: OperatorFixture): Promise<unknown> =>
  JSON.parse(await kubectl(['get', 'sslreset', 'db', '-o', 'json'])).status;

/** The group of the instance is first in, first out: when this one is done, `db` has had its pass. */
async function untilLookedAt({ apply, until }: OperatorFixture): Promise<void> {
  await apply(
    reset({ preconditions: { serverCertificate: 'Missing' }, rollout: { disabled: true } }, { name: 'other' }),
  );
  await until('other', hasReason('AlreadyPresent'));
}

const isSuspended = ({ status }: SslReset): boolean =>
  findCondition(status.conditions, 'Reconciling')?.reason === 'Suspended';

describe('an object that comes back from a backup', { concurrency: 3 }, () => {
  test('an object that comes back from a backup without its status resets once more where no precondition says otherwise', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(reset({ requestId: '1' }));
    await all.until('db', isReady);
    const backup = await backUp(all);
    await remove(all);
    await restore(all, backup);
    await all.until('db', isReady);
    assert.equal(all.resets(), 2);
  });

  test('an object that comes back from a backup without its status calls nothing where the fingerprint of the replaced CA is in its spec, and publishes the current CA', async (t) => {
    const all = await operatorFixture(t);
    const serverCaSha1Fingerprint = activeCa(all).sha1Fingerprint;
    await all.apply(reset({ serverCa: { secretName: 'ca' }, preconditions: { serverCaSha1Fingerprint } }));
    await all.until('db', isReady);
    const backup = await backUp(all);
    await remove(all);
    await all.kubectl(['delete', 'secret', 'ca']);
    await restore(all, backup);
    await all.until('db', hasReason('AlreadyRotated'));
    assert.equal(all.resets(), 1);
    const pem = await all.kubectl([
      'get',
      'secret',
      'ca',
      '-o',
      'go-template={{index .data "server-ca.pem" | base64decode}}',
    ]);
    assert.equal(pem.trim(), activeCa(all).pem.trim());
  });

  test('an object that comes back from a backup with its status, and a generation that counts as before, is taken as it is', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(deployment('api'), reset());
    await all.until('db', isReady);
    const backup = await backUp(all);
    await comeBackWhileStopped(all, backup);
    await untilLookedAt(all);
    assert.deepEqual(await statusOf(all), backup.status);
    assert.equal(all.resets(), 1);
  });

  test('an object that comes back from a backup with its status and its requestId, and a generation that starts over, publishes and rolls again and calls nothing', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(reset({ requestId: '1' }));
    await all.until('db', isReady);
    await edit(all);
    const backup = await backUp(all);
    await comeBackWhileStopped(all, backup);
    await all.until('db', (db) => isReady(db) && db.metadata.generation === 1);
    assert.equal(all.resets(), 1);
  });

  test('an object that comes back from a backup with its status and an earlier requestId calls nothing', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(reset({ requestId: '1' }));
    await all.until('db', isReady);
    const { spec } = await backUp(all);
    await all.apply(reset({ requestId: '2' }));
    await all.until('db', (db) => isReady(db) && db.spec.requestId === '2');
    await comeBackWhileStopped(all, { ...(await backUp(all)), spec });
    await all.until('db', hasReason('AlreadyExecuted'));
    assert.equal(all.resets(), 2);
  });

  test('an object that comes back from a backup with its status but no requestId, and a generation that starts over, is another request', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(reset());
    await all.until('db', isReady);
    await edit(all);
    assert.equal(all.resets(), 2);
    const backup = await backUp(all);
    await comeBackWhileStopped(all, backup);
    await all.until('db', (db) => isReady(db) && db.metadata.generation === 1);
    assert.equal(all.resets(), 3);
  });

  test('suspended is not called before its status has come back, and not after it either', async (t) => {
    const all = await operatorFixture(t);
    await all.apply(reset({ requestId: '1' }));
    await all.until('db', isReady);
    const backup = await backUp(all);
    await remove(all);
    await restore(all, backup, { 'cloudsql-ssl.dev/suspend': 'true' });
    await all.until('db', isSuspended);
    await restoreStatus(all, backup);
    await all.kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/suspend-']);
    await untilLookedAt(all);
    await all.until('db', isReady);
    assert.equal(all.resets(), 1);
  });
});
