/** Two clusters that follow one instance by the same account: neither knows anything of the other's objects. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { hasReason, INSTANCE, isReady, PROJECT, reset } from '../../support/operator/fixture.ts';
import { fingerprintOf } from '../../support/operator/following.ts';
import { workload } from '../../support/operator/kinds.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

type Site = Awaited<ReturnType<typeof rotating>>;

/** So long that the other one is there before its end. */
const LONG = { holdSeconds: 3_600 };
const HOLD = { holdSeconds: 5 };

/** So old that a CA which is added now outlives it by long enough to be adopted. */
const OLD = { project: PROJECT, name: INSTANCE, certificateLife: { ageMs: 365 * 86_400_000 } };

async function clusters(t: TestContext, one: object, other: object): Promise<readonly [Site, Site]> {
  const first = await rotating(t, { emulator: { instances: [OLD] } });
  first.instance.update({ certificateLife: { ageMs: 0 } });
  const second = await rotating(t, { beside: first });
  const sites = [
    [first, one],
    [second, other],
  ] as const;
  for (const [site, rotation] of sites) {
    await site.apply(workload('Deployment', 'api'), serverCa(rotation));
    await site.until('ready', isUpToDate);
  }
  return [first, second];
}

const generation = async ({ kubectl }: Site): Promise<number> =>
  Number(await kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}']));

const isHolding = ({ status }: CloudSqlServerCa): boolean => status.rotation?.phase === 'Holding';

const lists =
  (role: string, fingerprint: string | undefined) =>
  (object: CloudSqlServerCa): boolean =>
    isUpToDate(object) &&
    object.status.serverCas?.some((one) => one.role === role && one.sha1Fingerprint === fingerprint) === true;

/** It sends one call that is not executed and not answered. */
async function lose(
  { emulator }: Site,
  api: 'addServerCa' | 'rotateServerCa' | 'resetSslConfig',
  ask: () => Promise<void>,
) {
  emulator.order({ api, answer: { kind: 'Drop', executed: false } });
  await ask();
  await emulator.journal.waitFor((call) => call.api === api && call.fault !== undefined);
}

describe('of two clusters that follow one instance', { concurrency: 2 }, () => {
  test('of two clusters that follow one instance the one rotates; the other rolls for the next CA before the switch, follows it, and calls nothing', async (t) => {
    const [one, other] = await clusters(t, LONG, { mode: 'Never', holdSeconds: undefined, verifySeconds: undefined });
    const before = await generation(other);
    await one.apply(serverCa({ ...LONG, requestId: 'spring' }));
    await one.until('holding', isHolding);
    const next = fingerprintOf(one.instance.waiting);
    await other.until('trusting both', lists('Waiting', next));
    await one.apply(serverCa({ holdSeconds: 0, requestId: 'spring' }));
    await one.until('rotated', hasRotated(1));
    const { status } = await other.until('following', lists('Active', next));
    assert.equal(status.history, undefined);
    assert.equal(await generation(other), before + 1);
    assert.deepEqual(one.calls(), ['addServerCa', 'rotateServerCa']);
  });

  test('of two clusters that follow one instance and are both to rotate it, the later one takes the CA that the other has added, and the switch of the one is followed by the other', async (t) => {
    const [one, other] = await clusters(t, LONG, { holdSeconds: 0 });
    await one.apply(serverCa({ ...LONG, requestId: 'spring' }));
    await one.until('holding', isHolding);
    const next = fingerprintOf(one.instance.waiting);
    await other.apply(serverCa({ holdSeconds: 0, requestId: 'spring' }));
    for (const site of [one, other]) {
      await site.until('rotated', hasRotated(1));
      await site.until('following', lists('Active', next));
    }
    assert.deepEqual(one.calls(), ['addServerCa', 'rotateServerCa']);
  });

  test('of two clusters that follow one instance the one loses its addition while the other adds: no second CA is added, and one of them switches', async (t) => {
    const [one, other] = await clusters(t, HOLD, HOLD);
    await lose(one, 'addServerCa', () => one.apply(serverCa({ ...HOLD, requestId: 'spring' })));
    await other.apply(serverCa({ ...HOLD, requestId: 'spring' }));
    for (const site of [one, other]) {
      await site.until(
        'rotated',
        ({ status }) => status.rotation?.phase === 'Idle' && status.history?.[0] !== undefined,
      );
    }
    assert.deepEqual(one.calls(), ['addServerCa', 'rotateServerCa']);
  });

  test('of two clusters that follow one instance the one loses its switch while the other switches: there is no second one, and both have rotated', async (t) => {
    const [one, other] = await clusters(t, HOLD, HOLD);
    await one.instance.addVersion();
    const pin = { activeSha1Fingerprint: fingerprintOf(one.instance.waiting) };
    await one.until('trusting both', lists('Waiting', pin.activeSha1Fingerprint));
    await lose(one, 'rotateServerCa', () => one.apply(serverCa({ holdSeconds: 0, ...pin })));
    await other.apply(serverCa({ holdSeconds: 0, ...pin }));
    for (const site of [one, other]) await site.until('rotated', hasRotated(1));
    assert.deepEqual(one.calls(), ['rotateServerCa']);
  });

  test('of two clusters that follow one instance the one loses its reset while the other switches: the switch is not taken for the reset, nothing is reset before a person says so, and then once', async (t) => {
    const [one, other] = await clusters(t, HOLD, { holdSeconds: 0 });
    await one.instance.addVersion();
    const next = fingerprintOf(one.instance.waiting);
    for (const site of [one, other]) await site.until('trusting both', lists('Waiting', next));
    await lose(one, 'resetSslConfig', () => one.apply(reset()));
    await other.apply(serverCa({ holdSeconds: 0, activeSha1Fingerprint: next }));
    await one.seen('db', hasReason('OutcomeUnknown'));
    assert.equal(one.resets(), 0);
    await other.until('rotated', hasRotated(1));
    await one.kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await other.apply(serverCa({ holdSeconds: 0 }));
    await one.until('reset', () => one.resets() > 0);
    await one.seen('db', isReady);
    assert.equal(one.resets(), 1);
    for (const site of [one, other]) await site.until('following', lists('Active', fingerprintOf(one.instance.active)));
    assert.deepEqual(one.calls(), ['rotateServerCa']);
  });
});
