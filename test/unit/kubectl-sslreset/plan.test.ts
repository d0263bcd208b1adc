import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { approve, plan } from '../../../src/kubectl-sslreset/commands/plan.ts';
import type { Kubectl } from '../../../src/kubectl-sslreset/kubectl.ts';
import { selectionOf } from '../../../src/kubectl-sslreset/selection.ts';
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { kubectlOf } from '../../support/fakes/fake-kubectl.ts';
import { aCondition, aShownObject } from '../../support/fakes/shown-objects.ts';

const ID = '5f0c1d9a3be84c27';
const PLAN = {
  id: ID,
  time: '2026-11-29T07:00:00Z',
  calls: ['instances.resetSslConfig', 'sslCerts.insert'],
  breaksConnections: true,
  serverCaSha1Fingerprint: 'ab'.repeat(20),
  clientCertificatesLost: [{ commonName: 'api', sha1Fingerprint: 'cd'.repeat(20) }],
  clientCertificatesIssued: ['api'],
  publishes: ['Secret/ca', 'Secret/api-cert'],
  workloads: { total: 3, list: [{ kind: 'Deployment', name: 'api', wave: 0 }] },
  warnings: ['Deployment api is paused, so it rolls only when it is resumed'],
};
const asked = { plan: PLAN, conditions: [aCondition('Reconciling', 'True', 'AwaitingApproval')] };
const looking = (object: ShownObject) => kubectlOf({ looks: [JSON.stringify({ items: [object] })], watches: [] });

function contextOf(kubectl: Kubectl) {
  const told = { stdout: '' };
  const context = {
    kubectl,
    stdout: {
      write: (text: string) => {
        told.stdout += text;
      },
    },
    stderr: { write: () => undefined },
    interrupted: AbortSignal.abort(),
    now: () => new Date('2026-11-29T07:00:00Z'),
  };
  return { context, told };
}

describe('kubectl sslreset plan', () => {
  test('kubectl sslreset plan draws all that the plan says', async () => {
    const { context, told } = contextOf(looking(aShownObject({ status: asked })));
    assert.equal(await plan(context, selectionOf(['orders-db'])), 0);
    assert.deepEqual(told.stdout.split('\n'), [
      `CloudSqlSslReset  orders/orders-db  acme-prod/orders-db  plan ${ID}  2026-11-29T07:00:00Z`,
      '├─ Calls',
      '│  ├─ instances.resetSslConfig',
      '│  └─ sslCerts.insert',
      '├─ Breaks all connections to the instance, once',
      `├─ Server CA now  ${'ab'.repeat(20)}`,
      '├─ Client certificates lost',
      `│  └─ api  ${'cd'.repeat(20)}`,
      '├─ Client certificates issued',
      '│  └─ api',
      '├─ Publishes',
      '│  ├─ Secret/ca',
      '│  └─ Secret/api-cert',
      '├─ Workloads 3',
      '│  ├─ Deployment/api  wave 0',
      '│  └─ … 2 more',
      '└─ Warnings',
      '   └─ !  Deployment api is paused, so it rolls only when it is resumed',
      '',
    ]);
  });

  test('kubectl sslreset plan of an object without one is a wrong usage, with its reason', async () => {
    const { context } = contextOf(looking(aShownObject()));
    await assert.rejects(plan(context, selectionOf(['orders-db'])), {
      message: 'sslreset orders/orders-db has no plan: the operator has not seen it yet',
    });
  });
});

const ROTATION = {
  id: ID,
  time: '2026-11-29T07:00:00Z',
  calls: ['instances.rotateServerCa'],
  breaksConnections: false,
  serverCaSha1Fingerprint: 'ab'.repeat(20),
  adopts: 'cd'.repeat(20),
  replaces: ['ef'.repeat(20)],
};

test('kubectl sslreset plan draws where a rotation goes from and to, and breaks nothing', async () => {
  const { context, told } = contextOf(
    looking({ ...aShownObject({ status: { plan: ROTATION } }), kind: 'CloudSqlServerCa' }),
  );
  assert.equal(await plan(context, selectionOf(['orders-db'])), 0);
  assert.deepEqual(told.stdout.split('\n').slice(1), [
    '├─ Calls',
    '│  └─ instances.rotateServerCa',
    `├─ Server CA now   ${'ab'.repeat(20)}`,
    `├─ Server CA next  ${'cd'.repeat(20)}`,
    '└─ Waiting server CAs replaced',
    `   └─ ${'ef'.repeat(20)}`,
    '',
  ]);
});

test('kubectl sslreset plan speaks of server certificates where the instance has a CA service', async () => {
  const certificates = [{ sha1Fingerprint: 'aa', role: 'Active', serverCaSha1Fingerprint: 'ab'.repeat(20) }];
  const { context, told } = contextOf(
    looking({ ...aShownObject({ status: { plan: ROTATION, certificates } }), kind: 'CloudSqlServerCa' }),
  );
  assert.equal(await plan(context, selectionOf(['orders-db'])), 0);
  assert.match(told.stdout, /^├─ Server certificate next {2}cd/m);
  assert.match(told.stdout, /^└─ Waiting server certificates replaced$/m);
});

describe('kubectl sslreset approve', () => {
  test('kubectl sslreset approve approves the plan of a CloudSqlServerCa, which is Ready meanwhile, and says what another one waits for', async () => {
    const conditions = (reason: string) => [
      aCondition('Ready', 'True', 'UpToDate'),
      aCondition('ServerCaRotated', 'False', reason, { message: 'later' }),
    ];
    const serverCa = (reason: string) =>
      looking({
        ...aShownObject({ status: { plan: ROTATION, conditions: conditions(reason) } }),
        kind: 'CloudSqlServerCa',
      });
    const kubectl = serverCa('AwaitingApproval');
    assert.equal(await approve(contextOf(kubectl).context, selectionOf(['orders-db']), {}), 0);
    assert.deepEqual(kubectl.asked.at(-1)?.slice(0, 3), [
      'annotate',
      'cloudsqlservercas.cloudsql-ssl.dev/orders-db',
      `cloudsql-ssl.dev/approve=${ID}`,
    ]);
    await assert.rejects(approve(contextOf(serverCa('OutsideWindow')).context, selectionOf(['orders-db']), {}), {
      message: 'sqlca orders/orders-db does not wait for an approval: OutsideWindow: later',
    });
  });

  test('kubectl sslreset approve sets the annotation to the id of the plan', async () => {
    const kubectl = looking(aShownObject({ status: asked }));
    assert.equal(await approve(contextOf(kubectl).context, selectionOf(['orders-db']), { planId: ID }), 0);
    assert.deepEqual(kubectl.asked.at(-1), [
      'annotate',
      'cloudsqlsslresets.cloudsql-ssl.dev/orders-db',
      `cloudsql-ssl.dev/approve=${ID}`,
      '--overwrite',
      '--field-manager=sslreset',
    ]);
  });

  test('kubectl sslreset approve is refused for another plan than the one that is named', async () => {
    const kubectl = looking(aShownObject({ status: asked }));
    await assert.rejects(approve(contextOf(kubectl).context, selectionOf(['orders-db']), { planId: '0'.repeat(16) }), {
      message: `sslreset orders/orders-db shows the plan ${ID} by now, and not 0000000000000000: look at it first`,
    });
    assert.equal(kubectl.asked.length, 1);
  });

  test('kubectl sslreset approve is refused where the object waits for nothing of the kind', async () => {
    const kubectl = looking(
      aShownObject({ status: { plan: PLAN, conditions: [aCondition('Ready', 'True', 'Planned')] } }),
    );
    await assert.rejects(approve(contextOf(kubectl).context, selectionOf(['orders-db']), {}), {
      message: 'sslreset orders/orders-db does not wait for an approval: Planned: ',
    });
    assert.equal(kubectl.asked.length, 1);
  });
});
