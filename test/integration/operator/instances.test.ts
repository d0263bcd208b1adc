import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import {
  activeCa,
  deployment,
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { PATIENCE } from '../../support/patience.ts';

const only = (settings: object) => ({ emulator: { instances: [{ project: PROJECT, name: INSTANCE, ...settings }] } });
const CA_SERVICE = only({ serverCaMode: 'GOOGLE_MANAGED_CAS_CA' });
const FIRST_GENERATION = only({ backendType: 'FIRST_GEN' });
const NO_CERTIFICATE = only({ hasServerCertificate: false });
const MISSING = { preconditions: { serverCertificate: 'Missing' } };
const serverCa = { secretName: 'ca' };

const isExecuted = (executed: boolean) => ({ kind: 'Drop', executed }) as const;
const messageOf = ({ status }: SslReset, type: Parameters<typeof findCondition>[1]): string =>
  findCondition(status.conditions, type)?.message ?? '';
const calls = ({ emulator }: OperatorFixture): number => emulator.journal.entries({ api: 'resetSslConfig' }).length;
const generationOf = ({ kubectl }: OperatorFixture, name: string): Promise<string> =>
  kubectl(['get', 'deployment', name, '-o', 'jsonpath={.metadata.generation}']);
const publishedCa = async ({ kubectl }: OperatorFixture, secret = 'ca'): Promise<string> => {
  const template = 'go-template={{index .data "server-ca.pem" | base64decode}}';
  return (await kubectl(['get', 'secret', secret, '-o', template])).trim();
};

/** Somebody restarts the instance. */
const restart = ({ emulator }: OperatorFixture) =>
  emulator.foreignOperation({
    project: PROJECT,
    instance: INSTANCE,
    user: 'somebody@example.com',
    type: 'RESTART',
    does: 'Restart',
  });

describe('an instance', { concurrency: 3 }, () => {
  test('an instance with a CA service is reset; its CA stays, nothing rolls, and the conditions say why', async (t) => {
    const operator = await operatorFixture(t, CA_SERVICE);
    const ca = activeCa(operator);
    const server = operator.emulator.instance(PROJECT, INSTANCE).active?.server.certificate.sha1Fingerprint;
    await operator.apply(deployment('app'));
    await operator.kubectl(['wait', '--for=condition=Available', 'deployment', 'app', PATIENCE]);
    await operator.apply(reset({ serverCa }));
    const done = await operator.until('db', isReady);

    assert.equal(operator.resets(), 1);
    const renewed = operator.emulator.instance(PROJECT, INSTANCE).active?.server.certificate.sha1Fingerprint;
    assert.notEqual(renewed, server);
    assert.equal(await generationOf(operator, 'app'), '1');
    assert.equal(await publishedCa(operator), ca.pem.trim());
    assert.equal(findCondition(done.status.conditions, 'WorkloadsRolled')?.reason, 'Unchanged');
    for (const type of ['Ready', 'ResetDone', 'ServerCaPublished', 'WorkloadsRolled'] as const) {
      assert.match(messageOf(done, type), /a CA service signs its certificates/);
    }
    assert.equal(done.status.serverCa?.expirationTime?.slice(0, 19), ca.expirationTime.slice(0, 19));
    assert.match(await operator.kubectl(['get', 'sslreset', 'db']), new RegExp(ca.expirationTime.slice(0, 10)));
  });

  test('an instance with a CA service shows by its server certificate that a call whose answer was lost was executed', async (t) => {
    const operator = await operatorFixture(t, CA_SERVICE);
    operator.emulator.order({ api: 'resetSslConfig', answer: isExecuted(true) });
    await operator.apply(reset({ serverCa }));
    const { status } = await operator.until('db', isReady);
    assert.deepEqual([operator.resets(), calls(operator)], [1, 1]);
    assert.match(status.request?.before?.serverCertificateSha1Fingerprint ?? '', /^[0-9a-f]{40}$/);
  });

  test('an instance with a CA service is called again when the lost call was not executed', async (t) => {
    const operator = await operatorFixture(t, CA_SERVICE);
    operator.emulator.order({ api: 'resetSslConfig', answer: isExecuted(false) });
    await operator.apply(reset());
    await operator.until('db', isReady);
    assert.deepEqual([operator.resets(), calls(operator)], [1, 2]);
  });

  test('an instance with a CA service is not called under a precondition on its CA', async (t) => {
    const operator = await operatorFixture(t, CA_SERVICE);
    const serverCaSha1Fingerprint = activeCa(operator).sha1Fingerprint;
    await operator.apply(reset({ preconditions: { serverCaSha1Fingerprint } }));
    const stalled = await operator.until('db', hasReason('InvalidRequest'));
    assert.match(messageOf(stalled, 'Stalled'), /GOOGLE_MANAGED_CAS_CA.*requestId/);
    assert.equal(calls(operator), 0);
  });

  test('an instance of the First Generation waits for a restart, then the new CA is published and rolled', async (t) => {
    const operator = await operatorFixture(t, FIRST_GENERATION);
    const oldCa = activeCa(operator).pem;
    await operator.apply(deployment('app'), reset({ serverCa }));
    const waiting = await operator.until('db', hasReason('RestartRequired'));
    assert.match(messageOf(waiting, 'Reconciling'), new RegExp(`gcloud sql instances restart ${INSTANCE}`));
    assert.equal(findCondition(waiting.status.conditions, 'ResetDone')?.status, 'True');
    assert.equal(activeCa(operator).pem, oldCa);
    restart(operator);
    const { status } = await operator.until('db', isReady);

    assert.deepEqual([operator.resets(), status.rollout?.summary], [1, '1/1']);
    assert.notEqual(activeCa(operator).pem, oldCa);
    assert.equal(await publishedCa(operator), activeCa(operator).pem.trim());
    assert.equal(operator.emulator.journal.entries({ api: 'restart' }).length, 0, 'the operator restarts nothing');
  });

  test('an instance of the First Generation shows by a new CA in its list that a lost call was executed', async (t) => {
    const operator = await operatorFixture(t, FIRST_GENERATION);
    operator.emulator.order({ api: 'resetSslConfig', answer: isExecuted(true) });
    await operator.apply(reset({ serverCa }));
    await operator.until('db', hasReason('RestartRequired'));
    assert.deepEqual([operator.resets(), calls(operator)], [1, 1]);
    restart(operator);
    await operator.until('db', isReady);
    assert.deepEqual([operator.resets(), calls(operator)], [1, 1]);
  });

  test('an instance that nobody restarts stalls at the deadline, and retry goes on from there', async (t) => {
    const operator = await operatorFixture(t, FIRST_GENERATION);
    await operator.apply(reset({ deadlineSeconds: 30 }));
    const stalled = await operator.until('db', hasReason('DeadlineExceeded'));
    assert.match(messageOf(stalled, 'Stalled'), /RestartRequired.*gcloud sql instances restart/);
    restart(operator);
    await operator.kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await operator.until('db', isReady);
    assert.equal(operator.resets(), 1);
  });

  test('an instance without a server certificate is reset once when it must have none', async (t) => {
    const operator = await operatorFixture(t, NO_CERTIFICATE);
    await operator.apply(deployment('app'), reset({ ...MISSING, serverCa }));
    await operator.until('db', isReady);
    assert.equal(await publishedCa(operator), activeCa(operator).pem.trim());
    await operator.kubectl(['delete', 'sslreset', 'db']);
    await operator.apply(reset({ ...MISSING, serverCa }));
    await operator.until('db', hasReason('AlreadyPresent'));
    assert.equal(operator.resets(), 1);
  });

  test('an instance without a server certificate is reset without a precondition too', async (t) => {
    const operator = await operatorFixture(t, NO_CERTIFICATE);
    await operator.apply(reset());
    await operator.until('db', isReady);
    assert.equal(operator.resets(), 1);
  });

  test('an instance with a server certificate is not called when it must have none, and is followed when another object resets', async (t) => {
    const operator = await operatorFixture(t);
    await operator.apply(deployment('app'), reset({ ...MISSING, serverCa }));
    const followed = await operator.until('db', hasReason('AlreadyPresent'));
    assert.equal(findCondition(followed.status.conditions, 'ResetDone'), undefined);
    assert.deepEqual([calls(operator), followed.status.rollout?.summary], [0, '1/1']);
    await operator.apply(reset({}, { name: 'other' }));
    await operator.until('other', isReady);
    const fingerprint = activeCa(operator).sha1Fingerprint;
    const isFollowed = (one: SslReset): boolean =>
      hasReason('AlreadyPresent')(one) && one.status.serverCa?.sha1Fingerprint === fingerprint;
    await operator.until('db', isFollowed);
    assert.equal(await publishedCa(operator), activeCa(operator).pem.trim());
    assert.equal(operator.resets(), 1);
  });
});

test('a primary and its replica are reset in the order of docs/examples/replicas.yaml', async (t) => {
  const replica = 'orders-db-replica';
  const operator = await operatorFixture(t, {
    emulator: {
      instances: [
        { project: PROJECT, name: INSTANCE },
        { project: PROJECT, name: replica, primary: INSTANCE },
      ],
    },
  });
  const file = await readFile(new URL('../../../docs/examples/replicas.yaml', import.meta.url), 'utf8');
  const objects = parseAllDocuments(file).map((document) => {
    document.deleteIn(['metadata', 'namespace']);
    return document.toJS();
  });
  const ca = activeCa(operator, replica).pem;
  await operator.apply(...objects);
  await operator.until(INSTANCE, isReady);
  await operator.until(
    replica,
    ({ status }) => findCondition(status.conditions, 'Reconciling')?.reason === 'Suspended',
  );
  assert.deepEqual([operator.resets(), operator.resets(replica)], [1, 0]);
  await operator.kubectl(['annotate', 'sslreset', replica, 'cloudsql-ssl.dev/suspend-']);
  const synced = await operator.until(replica, isReady);
  assert.deepEqual([operator.resets(), operator.resets(replica)], [1, 1]);
  assert.equal(await publishedCa(operator, 'orders-db-replica-server-ca'), ca.trim());
  assert.match(messageOf(synced, 'ResetDone'), /SyncFromPrimary renews no CA of the replica/);
});
