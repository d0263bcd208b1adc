/** A kind of objects that there is only here: what works on CloudSqlSslResets takes it as well. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { of } from 'rxjs';
import type { InstanceRef } from '../../../src/domain/instance.ts';
import type { Metadata } from '../../../src/domain/object.ts';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type Action, awaitChange, requeueNow } from '../../../src/lib/action.ts';
import { type Key, keyOf, kindOf } from '../../../src/lib/key.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { startOperator } from '../../../src/operator/operator.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { type Kind, type PassContext, reconcile } from '../../../src/reconcile/reconcile.ts';
import { aCall, aReset, FREE_SLOTS, readyConditions } from '../../support/fakes/builders.ts';
import { Operator, Site } from '../../support/fakes/operator.ts';

interface Probe {
  readonly metadata: Metadata;
  readonly instance: InstanceRef;
}

const PROBE = 'Probe';
const REF = { namespace: 'orders', name: 'orders-db' };
const INSTANCE = { project: 'acme-prod', instance: 'orders-db' };
const aProbe = (): Probe => ({ metadata: { ...aReset(REF).metadata, uid: 'probe' }, instance: INSTANCE });
const keys = { probe: keyOf(PROBE, REF), reset: keyOf(KIND, REF) };

/** It has begun, and is Ready. */
const indexedProbe = ({ metadata, instance }: Probe) => ({
  ...indexed(aReset({ ...metadata, spec: instance, status: { request: aCall(), conditions: readyConditions() } })),
  key: keyOf(PROBE, metadata),
});
const indexOfBoth = () =>
  new ObjectIndex<SslReset | Probe>((object) => ('instance' in object ? indexedProbe(object) : indexed(object)));

type ProbeKind = Kind<Probe, { readonly kind: 'Look' }, PassContext>;
const probes = (parts: Partial<ProbeKind> = {}): ProbeKind => ({
  name: PROBE,
  get: async () => aProbe(),
  logFields: () => ({}),
  decide: () => ({ kind: 'Look' }),
  run: async () => awaitChange(),
  start: ({ metadata }) => ({ uid: metadata.uid, start: 'the same' }),
  reportUnforeseen: async () => undefined,
  ...parts,
});

describe('a pass over an object of a second kind', () => {
  const site = new Site();
  const { context } = new Operator(site);

  test('a pass over an object of a second kind gives back the slot of that object, and none of a CloudSqlSslReset of its name', async () => {
    const slot = { spend: () => undefined, giveBack: () => undefined };
    const callQueue = new CallQueue(
      { ...FREE_SLOTS, trySlot: () => undefined, slot: async () => slot },
      () => undefined,
    );
    for (const key of [keys.probe, keys.reset]) callQueue.take(key, INSTANCE.project);
    await new Promise(setImmediate);
    await reconcile(probes(), REF, { ...context, callQueue });
    assert.deepEqual([callQueue.slotOf(keys.probe), callQueue.slotOf(keys.reset) === undefined], [undefined, false]);
  });

  test('a pass over an object of a second kind is delayed where it brings the object no further, and reports what nobody foresaw by its kind', async () => {
    const stuck = probes({ run: async () => requeueNow() });
    for (let n = 0; n < 4; n += 1) assert.deepEqual(await reconcile(stuck, REF, context), requeueNow());
    assert.notDeepEqual(await reconcile(stuck, REF, context), requeueNow());
    const oops = new TypeError('oops');
    const told: unknown[] = [];
    const reportUnforeseen = async (...[error, step]: readonly unknown[]) => void told.push(error, step);
    const failing = probes({ run: () => Promise.reject(oops), reportUnforeseen });
    await assert.rejects(reconcile(failing, REF, context), oops);
    assert.deepEqual(told, [oops, { kind: 'Look' }]);
  });
});

test('the index keeps objects of two kinds apart that have one name, and has them share the group of their instance', () => {
  const index = indexOfBoth();
  const reset = aReset({ ...REF, spec: INSTANCE });
  for (const object of [reset, aProbe()]) index.apply(object);
  assert.deepEqual(
    [KIND, PROBE].map((kind) => [...index.summaries(kind)].length),
    [1, 1],
  );
  assert.deepEqual([index.priorityOf(keys.reset), index.priorityOf(keys.probe)], ['Low', 'High']);
  assert.equal(index.siblingsOf(reset).toWaitFor()[0]?.key, keys.probe);
  index.admit(reset);
  assert.equal(index.groupOf(keys.reset), index.groupOf(keys.probe));
  index.replace(KIND, []);
  assert.deepEqual(
    [KIND, PROBE].map((kind) => [...index.summaries(kind)].length),
    [0, 1],
  );
});

/** An operator of both kinds, with an object of each, whose passes last until the test ends them. */
function started(t: TestContext) {
  const site = new Site();
  const { context } = new Operator(site);
  const [index, leadership, concurrency] = [indexOfBoth(), { isLeader: () => true }, 10];
  const kinds = [...KINDS.filter(({ name }) => name === KIND), { name: PROBE, plural: 'probes', metrics: 'probe' }];
  const { controller, registry } = createMetrics({ version: '', leaseName: '', leadership, concurrency, index, kinds });
  const runs: { readonly key: Key; readonly end: () => void }[] = [];
  const operated = [
    indexed(aReset({ ...REF, spec: INSTANCE, status: { request: aCall() } })),
    indexedProbe(aProbe()),
  ].map((object) => ({
    name: kindOf(object.key),
    watchEvents: of({ type: 'synced', namespace: undefined, objects: [object] } as const),
    reconcile: () => new Promise<Action>((end) => runs.push({ key: object.key, end: () => end(awaitChange()) })),
  }));
  const options = { ...context, index, kinds: operated, namespaces: [], concurrency, observer: controller };
  const operator = startOperator({ ...options, loggerOf: () => context.logger });
  const stop = new AbortController();
  const work = operator.work(stop.signal, site.cloudSql);
  t.after(() => {
    stop.abort();
    for (const { end } of runs) end();
    return work.finally(() => operator.stop());
  });
  const read = async (name: string) =>
    (await registry.metrics())
      .split('\n')
      .flatMap((line) => (line.startsWith(`${name}{`) ? line.slice(name.length) : []));
  return { runs, read };
}

test('the queue runs one object of an instance at a time, of whichever kind, and metrics tell the kinds apart', async (t) => {
  const { runs, read } = started(t);
  const depths = async () => (await read('workqueue_depth')).map((line) => line.replace(/^.*controller=/, ''));
  assert.deepEqual(await depths(), ['"cloudsqlsslreset"} 0', '"probe"} 1']);
  runs[0]?.end();
  await new Promise(setImmediate);
  assert.deepEqual(
    runs.map(({ key }) => key),
    [keys.reset, keys.probe],
  );
  assert.deepEqual(await depths(), ['"cloudsqlsslreset"} 0', '"probe"} 0']);
  const workers = await read('controller_runtime_active_workers');
  assert.deepEqual(workers, ['{controller="cloudsqlsslreset"} 0', '{controller="probe"} 1']);
  runs[1]?.end();
  await new Promise(setImmediate);
  const passed = (await read('controller_runtime_reconcile_total')).filter((line) => line.endsWith('"success"} 1'));
  assert.equal(passed.length, 2);
  assert.deepEqual(await read('probe_condition'), [
    '{namespace="orders",name="orders-db",type="Ready",status="True"} 1',
  ]);
});
