import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { INSTANCE, isReady, type OperatorFixture, PROJECT, reset } from '../../support/operator/fixture.ts';
import { fingerprintOf, following } from '../../support/operator/following.ts';
import { annotationsOf, workload } from '../../support/operator/kinds.ts';
import { PATIENCE } from '../../support/patience.ts';

const SECRET = 'orders-ca';

const serverCa = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlServerCa',
  metadata: { name: 'orders', ...metadata },
  spec: { project: PROJECT, instance: INSTANCE, serverCa: { secretName: SECRET }, ...spec },
});

const reason = ({ status }: CloudSqlServerCa): string | undefined =>
  status.conditions?.find(({ type }) => type === 'Ready')?.reason;

/** Ready, with these CAs in these roles. */
const standsBy =
  (roles: Readonly<Record<string, string | undefined>>) =>
  (object: CloudSqlServerCa): boolean =>
    reason(object) === 'UpToDate' &&
    Object.entries(roles).every(([role, fingerprint]) =>
      object.status.serverCas?.some((one) => one.role === role && one.sha1Fingerprint === fingerprint),
    );

async function bundle({ kubectl }: Pick<OperatorFixture, 'kubectl'>): Promise<readonly string[]> {
  const base64 = await kubectl(['get', 'secret', SECRET, '-o', 'jsonpath={.data.server-ca\\.pem}']);
  const pem = Buffer.from(base64, 'base64').toString('utf8');
  return pem.split(/(?<=-----END CERTIFICATE-----\n)/).filter((block) => block.trim() !== '');
}

const pemOf = (identity: Instance['active']): string => `${identity?.authority.certificate.pem.trim()}\n`;
const generationOf = ({ kubectl }: Pick<OperatorFixture, 'kubectl'>, name: string): Promise<string> =>
  kubectl(['get', 'deployment', name, '-o', 'jsonpath={.metadata.generation}']);

describe('a CloudSqlServerCa', { concurrency: 3 }, () => {
  test('a CloudSqlServerCa follows a rotation by somebody else, and rolls once for the CA that waits and not for the switch', async (t) => {
    const own = await following(t);
    const { instance, until } = own;
    await own.apply(workload('Deployment', 'api'), serverCa());
    await until('ready', standsBy({ Active: fingerprintOf(instance.active) }));
    assert.deepEqual(await bundle(own), [pemOf(instance.active)]);
    assert.equal((await annotationsOf(own, 'Deployment', 'api')).length, 1);

    await instance.addVersion();
    await until('trusting both', standsBy({ Waiting: fingerprintOf(instance.waiting) }));
    assert.deepEqual(await bundle(own), [pemOf(instance.active), pemOf(instance.waiting)]);
    const generation = await generationOf(own, 'api');

    instance.rotate();
    await until('switched', standsBy({ RotatedOut: fingerprintOf(instance.rotatedOut) }));
    assert.deepEqual(await bundle(own), [pemOf(instance.active), pemOf(instance.rotatedOut)]);
    instance.dropRotatedOut();
    await until('alone', ({ status }) => status.serverCas?.some(({ role }) => role === 'Unlisted') === true);
    await until('ready', standsBy({ Active: fingerprintOf(instance.active) }));
    assert.deepEqual(await bundle(own), [pemOf(instance.active)]);
    assert.equal(await generationOf(own, 'api'), generation);
    assert.equal(own.resets(), 0);
  });

  test('a CloudSqlServerCa puts a Secret back that was deleted, and writes nothing into a status that has not changed', async (t) => {
    const own = await following(t);
    await own.apply(serverCa({ rollout: { disabled: true } }));
    const { metadata } = await own.until('ready', (object) => reason(object) === 'UpToDate');
    await own.kubectl(['delete', 'secret', SECRET]);
    await own.kubectl(['wait', '--for=create', `secret/${SECRET}`, PATIENCE]);
    assert.deepEqual(await bundle(own), [pemOf(own.instance.active)]);
    await own.operator.says('it is published again');
    assert.equal((await own.read()).metadata.resourceVersion, metadata.resourceVersion);
  });

  test('a CloudSqlServerCa publishes what a CloudSqlSslReset beside it makes, and both roll the workloads once', async (t) => {
    const own = await following(t);
    await own.apply(workload('Deployment', 'api'), serverCa());
    await own.until('ready', (object) => reason(object) === 'UpToDate');
    const before = Number(await generationOf(own, 'api'));
    await own.apply(reset());
    await own.seen('db', isReady);
    await own.until('following', standsBy({ Active: fingerprintOf(own.instance.active) }));
    assert.deepEqual(await bundle(own), [pemOf(own.instance.active)]);
    assert.equal(Number(await generationOf(own, 'api')), before + 1);
    assert.equal(own.resets(), 1);
  });

  test('a CloudSqlServerCa is shown with its CAs, explained, and refused where a field makes no sense', async (t) => {
    const own = await following(t);
    await own.apply(serverCa({ rollout: { disabled: true } }));
    await own.until('ready', (object) => reason(object) === 'UpToDate');
    const active = fingerprintOf(own.instance.active) ?? '';
    const shown = await own.kubectl(['get', 'sqlca', 'orders']);
    assert.match(shown, /NAME +INSTANCE +READY +OBSERVED +GENERATION +ACTIVE +WAITING +EXPIRES +ROLLED +AGE/);
    assert.match(shown, new RegExp(`orders-db +UpToDate +1 +1 +${active} `));
    assert.ok(
      (await own.kubectl(['get', 'cloudsql', '-o', 'name'])).includes('cloudsqlserverca.cloudsql-ssl.dev/orders'),
    );
    assert.match(await own.kubectl(['explain', 'sqlca.spec.serverCa.rotatedOut']), /Keep publishes a CA/);
    const refusals: readonly [object, RegExp][] = [
      [{ instance: 'other' }, /instance is immutable/],
      [{ project: 'other' }, /project is immutable/],
      [{ serverCa: { secretName: 'a', configMapName: 'b' } }, /exactly one of secretName and configMapName/],
      [{ rotation: { mode: 'Always' } }, /Unsupported value: "Always"/],
      [{ rotation: { requestId: 'a' } }, /need the mode OnRequest or WhenDue/],
      [{ rotation: { mode: 'OnRequest', verifySeconds: 30 } }, /must be 0, or 60 and more/],
      [
        { rotation: { mode: 'WhenDue', requestId: 'a', activeSha1Fingerprint: 'a'.repeat(40) } },
        /set either requestId or activeSha1Fingerprint/,
      ],
      [
        {
          rotation: { mode: 'WhenDue' },
          serverCa: { secretName: SECRET, additionalFormats: [{ format: 'DER', key: 'ca.der' }] },
        },
        /DER holds the active server CA alone/,
      ],
    ];
    for (const [spec, message] of refusals) await assert.rejects(own.apply(serverCa(spec)), message);
  });

  test('a CloudSqlServerCa of a namespace that may not follow the instance waits for an administrator, and reads nothing', async (t) => {
    const own = await following(t, { isAllowed: false });
    await own.apply(serverCa());
    await own.until('denied', (object) => reason(object) === 'NotPermitted');
    assert.deepEqual(own.emulator.journal.entries({}), []);
    await own.kubectl(['annotate', 'namespace', own.namespace, `cloudsql-ssl.dev/followable-instances=${PROJECT}/*`]);
    await own.until('ready', (object) => reason(object) === 'UpToDate');
  });

  test('a CloudSqlServerCa of an instance with a CA service publishes the CA of the service', async (t) => {
    const instances = [{ project: PROJECT, name: INSTANCE, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }] as const;
    const own = await following(t, { emulator: { instances } });
    await own.apply(serverCa({ rollout: { disabled: true } }));
    await own.until('ready', standsBy({ Active: fingerprintOf(own.instance.active) }));
    assert.deepEqual(await bundle(own), [pemOf(own.instance.active)]);
  });
});
