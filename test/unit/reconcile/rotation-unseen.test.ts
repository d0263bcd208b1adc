/** A rotation after whose switch nobody can look at the instance, or write what was seen. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import { aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { toTexts } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRES = { expirationTime: '2036-01-01T00:00:00Z' };

const BLINDNESS = {
  'the Secret cannot be written': (site: Followed) => {
    site.objects.refusal = new KubernetesError({ kind: 'Refused', message: 'webhook' });
    site.after(20 * MINUTE_MS, () => {
      site.objects.refusal = undefined;
    });
  },
  'the server CAs cannot be listed': (site: Followed) => {
    site.operator.restart();
    site.cloudSql.listProblem = new CloudSqlError({ kind: 'Unavailable', message: '503' });
    site.after(6 * MINUTE_MS, () => {
      site.cloudSql.listProblem = undefined;
    });
  },
} as const;

async function switched(what: keyof typeof BLINDNESS, isSick: boolean): Promise<Followed> {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0 } } });
  site.cloudSql.listed = [ca(1, EXPIRES)];
  await site.operator.driveFor(MINUTE_MS);
  site.cloudSql.onSwitched = () => {
    if (isSick && site.cloudSql.rotations.at(-1) === 'Rotate 2')
      site.workloads.progress('api', { availableReplicas: 0 });
  };
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
  BLINDNESS[what](site);
  await site.operator.driveFor(HOUR_MS);
  return site;
}

describe('a rotation of which nothing was seen since its switch', () => {
  for (const what of ['the Secret cannot be written', 'the server CAs cannot be listed'] as const) {
    test(`a rotation is over and done where ${what} since its switch`, async () => {
      const site = await switched(what, false);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
      assert.deepEqual(
        site.status.history?.map(({ outcome }) => outcome),
        ['Rotated'],
      );
    });

    test(`a switch that did harm is taken back where ${what} since`, async () => {
      const site = await switched(what, true);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    });
  }
});

test('an object that drops what was rotated out keeps the CA that the instance was rolled back to, also by a list from before that', async () => {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 3_600 } } });
  site.cloudSql.listed = [ca(2, EXPIRES), ca(1, EXPIRES)];
  site.workloads.add(aWorkload({ name: 'other', namespace: 'second' }));
  site.serverCas.create(
    aServerCa({ namespace: 'second', spec: { serverCa: { secretName: 'second-ca', rotatedOut: 'Drop' } } }),
  );
  await site.operator.driveFor(20 * MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { activeSha1Fingerprint: fingerprint(1) } } });
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
  site.cloudSql.listed = site.cloudSql.listed.toReversed();
  site.operator.restart();
  await site.operator.driveFor(MINUTE_MS / 3);
  const { data } = (await site.objects.get({ kind: 'Secret', namespace: 'second', name: 'second-ca' })) ?? {};
  assert.match(toTexts(data ?? {})['server-ca.pem'] ?? '', /CA 1/);
});
