/** A rotation whose object is restored in the middle of it, without a status. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from '../../../src/lib/bytes.ts';
import { indexedServerCa } from '../../../src/reconcile/server-ca/indexed-server-ca.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface Moment {
  readonly phase: string;
  /** The call that is on its way; absent: none is yet. */
  readonly call?: string;
}

const isAt = ({ status: { rotation } }: Followed, { phase, call }: Moment): boolean =>
  rotation?.phase === phase &&
  (call === undefined || (rotation.record?.kind === call && rotation.record.outcome === 'Accepted'));

/** By a request, or with a CA that expires in ten days; its workloads fall with the CA 2, or do not. */
async function rotating(cause: string, moment: Moment) {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest' } } });
  const expirationTime = new Date(site.clock.wallMs + (cause === 'Expiry' ? 10 : 1_000) * DAY_MS).toISOString();
  site.cloudSql.listed = [ca(1, { createTime: '2016-01-01T00:00:00Z', expirationTime })];
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime: '2036-01-01T00:00:00Z' });
  const lost: string[] = [];
  const put = site.objects.put.bind(site.objects);
  site.objects.put = (object) => {
    put(object);
    const active = site.cloudSql.listed?.[0]?.pem ?? '';
    const text = textOf(object.data['server-ca.pem'] ?? new Uint8Array());
    if (!text.includes(active)) lost.push(text);
  };
  await site.operator.driveFor(MINUTE_MS);
  const rotation = cause === 'Expiry' ? ({ mode: 'WhenDue' } as const) : { requestId: 'spring' };
  site.serverCas.edit(site.ref, { spec: { rotation } });
  if (moment.phase === 'SwitchingBack') {
    site.cloudSql.onSwitched = () =>
      site.workloads.progress('api', {
        availableReplicas: site.cloudSql.listed?.[0]?.sha1Fingerprint === fingerprint(2) ? 0 : 2,
      });
  }
  await site.operator.driveUntil(() => isAt(site, moment));
  return { site, lost };
}

/** Nobody runs, while what is under way at Cloud SQL comes to its end. */
function away({ clock }: Followed, ms: number): void {
  const endMs = clock.wallMs + ms;
  while (clock.nextMs <= endMs) clock.runNext();
}

const WHOLE = ['Add', 'Rotate 2'];
const BACK = [...WHOLE, 'Rotate 1'];
/** The CA that was rejected is not taken again, and another one comes in its place. */
const ANOTHER = [...BACK, 'Add', 'Rotate 3'];

describe('a rotation whose object is restored without a status', () => {
  for (const [moment, byRequest, byExpiry] of [
    [{ phase: 'Adding' }, [], WHOLE],
    [{ phase: 'Adding', call: 'Add' }, ['Add'], WHOLE],
    [{ phase: 'Distributing' }, ['Add'], WHOLE],
    [{ phase: 'Holding' }, ['Add'], WHOLE],
    [{ phase: 'Switching' }, ['Add'], WHOLE],
    [{ phase: 'Switching', call: 'Switch' }, WHOLE, WHOLE],
    [{ phase: 'Verifying' }, WHOLE, WHOLE],
    [{ phase: 'SwitchingBack' }, WHOLE, WHOLE],
    [{ phase: 'SwitchingBack', call: 'SwitchBack' }, BACK, ANOTHER],
  ] as const satisfies readonly (readonly [Moment, readonly string[], readonly string[]])[]) {
    const when = 'call' in moment ? `${moment.phase}, with its call under way,` : moment.phase;
    for (const [cause, calls] of [
      ['RequestId', byRequest],
      ['Expiry', byExpiry],
    ] as const) {
      for (const [how, ms] of [
        ['at once', 0],
        ['after that', 2 * MINUTE_MS],
      ] as const) {
        test(`a rotation by ${cause} that is ${when} and goes on ${how} makes no call twice, loses no CA that is served, and ends`, async () => {
          const { site, lost } = await rotating(cause, moment);
          if ('call' in moment) await site.operator.driveFor(1_000);
          site.serverCas.wipe(site.ref);
          away(site, ms);
          site.operator.restart();
          await site.operator.driveFor(5 * HOUR_MS);
          assert.deepEqual(site.cloudSql.rotations, calls);
          assert.deepEqual(lost, []);
          const [active] = site.cloudSql.listed ?? [];
          assert.ok((await site.published())?.startsWith(active?.pem ?? ''));
          const isDown = moment.phase === 'SwitchingBack' && calls === WHOLE;
          assert.equal(site.reason(), isDown ? 'False RolloutFailed' : 'True UpToDate');
        });
      }
    }
  }
});

test('a CA that was switched back from stays rotated out when the status is lost, and no workload has to trust it', async () => {
  const { site } = await rotating('RequestId', { phase: 'SwitchingBack' });
  await site.operator.driveFor(HOUR_MS);
  assert.deepEqual(site.roles(), ['1 Active', '2 RotatedOut']);
  const { writes } = site.workloads;
  site.serverCas.wipe(site.ref);
  await site.operator.driveFor(HOUR_MS);
  assert.deepEqual(site.status.rotation?.rejected, [fingerprint(2)]);
  assert.deepEqual(site.roles(), ['1 Active', '2 RotatedOut']);
  assert.deepEqual(indexedServerCa(site.object).holds, [fingerprint(1)]);
  assert.equal(site.workloads.writes, writes);
});
