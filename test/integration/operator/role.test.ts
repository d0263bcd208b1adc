import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { permissions } from '../../cloudsql-emulator/routes.ts';
import {
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

const QUICK_START = new URL('../../../docs/quick-start/gke.md', import.meta.url);

const text = await readFile(QUICK_START, 'utf8');
/** What the role of the quick start has. */
const [, list = ''] = / --permissions (\S+)\n/.exec(text) ?? [];
const role = list.split(',');
/** What a rotation takes besides. */
const [, add = '', rotate = ''] = /For a \[rotation\]\S+ add `([^`]+)` and `([^`]+)`/.exec(text) ?? [];

const CA_SERVICE = 'orders-cas';
const INSTANCES = [
  { project: PROJECT, name: INSTANCE },
  { project: PROJECT, name: CA_SERVICE, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' },
] as const;

const withRole = (t: Parameters<typeof operatorFixture>[0]): Promise<OperatorFixture> =>
  operatorFixture(t, { emulator: { instances: INSTANCES } });

const allow = ({ emulator }: Pick<OperatorFixture, 'emulator'>, allowed: readonly string[]): void => {
  emulator.putAccount({ email: emulator.email, denied: permissions.filter((one) => !allowed.includes(one)) });
};

/** Each asks for what only it needs. */
const all = [
  reset({ clientCertificates: [{ commonName: 'api', secretName: 'api' }], serverCa: { secretName: 'ca' } }),
  reset({ instance: CA_SERVICE, serverCa: { secretName: 'ca-service' } }, { name: 'cas' }),
];

describe('the role of the quick start', { concurrency: 3 }, () => {
  test('the role of the quick start is enough for all that the operator does', async (t) => {
    const own = await withRole(t);
    allow(own, role);
    await own.apply(...all);
    await own.until('db', isReady);
    await own.until('cas', isReady);
    await own.kubectl(['delete', 'secret', 'api']);
    await own.kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"deadlineSeconds":600}}']);
    await own.until('db', (db) => isReady(db) && db.metadata.generation === 2);
  });

  for (const permission of role) {
    test(`the role of the quick start cannot do without ${permission}`, async (t) => {
      const own = await withRole(t);
      allow(
        own,
        role.filter((one) => one !== permission),
      );
      await own.apply(...all);
      if (permission === 'cloudsql.sslCerts.delete') await loseKey(own);
      const denied = await own.until(
        permission === 'cloudsql.instances.listServerCertificates' ? 'cas' : 'db',
        hasReason('PermissionDenied'),
      );
      assert.match(findCondition(denied.status.conditions, 'Ready')?.message ?? '', /403/);
    });
  }
});

describe('what the quick start adds to the role for a rotation', { concurrency: 3 }, () => {
  async function asked(t: Parameters<typeof operatorFixture>[0], allowed: readonly string[]) {
    const own = await rotating(t);
    allow(own, [...role, ...allowed]);
    await own.apply(serverCa({}));
    await own.until('ready', isUpToDate);
    await own.apply(serverCa({ requestId: 'spring' }));
    return own;
  }

  test('what the quick start adds to the role for a rotation is enough for one', async (t) => {
    const own = await asked(t, [add, rotate]);
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
  });

  for (const [missing, other, calls] of [
    [add, rotate, []],
    [rotate, add, ['addServerCa']],
  ] as const) {
    test(`what the quick start adds to the role for a rotation cannot do without ${missing}, and the status says so`, async (t) => {
      const own = await asked(t, [other]);
      await own.until('denied', ({ status }) => status.conditions?.some(({ message }) => /403/.test(message)) === true);
      assert.deepEqual(own.calls(), calls);
    });
  }
});

/** The Secret is gone when the request is looked at again: the certificate is ours, and nobody has its key. */
async function loseKey({ until, kubectl }: OperatorFixture): Promise<void> {
  await until('db', isReady);
  await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"requestId":"1"}}']);
  await until('db', (db) => isReady(db) && db.metadata.generation === 2);
  await kubectl(['delete', 'secret', 'api']);
  await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"deadlineSeconds":600}}']);
}
