import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { Subject } from 'rxjs';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { KIND } from '../../../src/domain/reset/ssl-reset.ts';
import { nameIn } from '../../../src/lib/key.ts';
import { startOperator } from '../../../src/operator/operator.ts';
import type { ObjectEvent } from '../../../src/operator/watch-health.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { SSL_RESETS } from '../../../src/reconcile/ssl-resets.ts';
import { aReset } from '../../support/fakes/builders.ts';
import { Operator, Site } from '../../support/fakes/operator.ts';

const FORBIDDEN = new KubernetesError({ kind: 'Forbidden', message: 'may not list' });
const UNAVAILABLE = new KubernetesError({ kind: 'Unavailable', message: 'no answer' });

/** The operator with `--namespaces a,b`, an object in each, and watches that the test speaks for. */
function started(t: TestContext) {
  const site = new Site();
  // What the site knows is not what the watches have listed.
  const context = { ...new Operator(site).context, index: new ObjectIndex(indexed) };
  const watchEvents = new Subject<ObjectEvent>();
  const [a, b] = ['a', 'b'].map((namespace) => aReset({ namespace, name: 'db', uid: namespace }));
  assert.ok(a !== undefined && b !== undefined);
  for (const reset of [a, b]) site.resets.create(reset);
  const passes = new Subject<string>();
  const operator = startOperator({
    ...context,
    kinds: [
      { name: KIND, watchEvents, reconcile: (ref, needs) => reconcile(SSL_RESETS, ref, { ...context, ...needs }) },
    ],
    namespaces: ['a', 'b'],
    concurrency: 10,
    loggerOf: () => context.logger,
    observer: {
      queue: {},
      onPassed: ({ key }) => passes.next(nameIn(key)),
    },
  });
  const stop = new AbortController();
  const seen: string[] = [];
  passes.subscribe((key) => seen.push(key));
  const work = operator.work(stop.signal, site.cloudSql);
  t.after(async () => {
    stop.abort();
    await work;
    operator.stop();
  });
  return {
    operator,
    seen: () => new Set(seen),
    listed: (namespace: 'a' | 'b') =>
      watchEvents.next({ type: 'synced', namespace, objects: [indexed(namespace === 'a' ? a : b)] }),
    fails: (namespace: 'a' | 'b', error: unknown) => watchEvents.next({ type: 'failed', namespace, error }),
    recovers: (namespace: 'a' | 'b') => watchEvents.next({ type: 'recovered', namespace }),
    passOf: (key: string) =>
      seen.includes(key)
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            passes.subscribe((each) => each === key && resolve());
          }),
  };
}

test('an operator works on one kind of objects while it may not list those of another, and is not ready', async (t) => {
  for (const order of ['before', 'after'] as const) {
    const site = new Site();
    const context = { ...new Operator(site).context, index: new ObjectIndex(indexed) };
    const object = aReset({ name: 'db' });
    site.resets.create(object);
    const [resets, others] = [new Subject<ObjectEvent>(), new Subject<ObjectEvent>()];
    const passed = Promise.withResolvers<string>();
    const operator = startOperator({
      ...context,
      kinds: [
        {
          name: KIND,
          watchEvents: resets,
          reconcile: (ref, needs) => reconcile(SSL_RESETS, ref, { ...context, ...needs }),
        },
        { name: 'Other', watchEvents: others, reconcile: () => assert.fail('there is none') },
      ],
      namespaces: [],
      concurrency: 10,
      loggerOf: () => context.logger,
      observer: { queue: {}, onPassed: ({ key }) => passed.resolve(nameIn(key)) },
    });
    const stop = new AbortController();
    const work = operator.work(stop.signal, site.cloudSql);
    t.after(() => {
      stop.abort();
      return work.finally(() => operator.stop());
    });
    const missing = new KubernetesError({ kind: 'NotFound', message: 'the CRD is not installed' });
    const refused = { type: 'failed', namespace: undefined, error: missing } as const;
    if (order === 'before') others.next(refused);
    resets.next({ type: 'synced', namespace: undefined, objects: [indexed(object)] });
    if (order === 'after') others.next(refused);
    assert.equal(await passed.promise, 'orders/db');
    assert.equal(operator.notWatching(), 'Others cannot be watched: the CRD is not installed');
  }
});

describe('an operator of some namespaces', () => {
  for (const order of ['before', 'after'] as const) {
    test(`an operator of some namespaces works in those that it may list, where another is refused ${order} they are listed, and says which`, async (t) => {
      const { operator, listed, fails, passOf, seen } = started(t);
      if (order === 'before') fails('b', FORBIDDEN);
      listed('a');
      if (order === 'after') fails('b', FORBIDDEN);
      await passOf('a/db');
      assert.deepEqual([...seen()], ['a/db']);
      assert.deepEqual(operator.notWatching(), {
        inPart: 'namespace b: CloudSqlSslResets cannot be watched: may not list',
      });
      assert.deepEqual(operator.watched(), [
        { namespace: 'a', isWatched: true },
        { namespace: 'b', isWatched: false },
      ]);
    });
  }

  test('an operator of some namespaces works in a namespace as soon as it may list it after all', async (t) => {
    const { operator, listed, fails, recovers, passOf } = started(t);
    listed('a');
    fails('b', FORBIDDEN);
    await passOf('a/db');
    listed('b');
    recovers('b');
    await passOf('b/db');
    assert.equal(operator.notWatching(), undefined);
  });

  test('an operator of some namespaces is not ready, and works nowhere, where it may list none', async (t) => {
    const { operator, fails, seen } = started(t);
    fails('a', FORBIDDEN);
    fails('b', FORBIDDEN);
    await once(AbortSignal.timeout(50), 'abort');
    assert.equal(operator.notWatching(), 'CloudSqlSslResets cannot be watched: may not list');
    assert.deepEqual([...seen()], []);
  });

  test('an operator of some namespaces waits a minute, and no longer, for a namespace that the API server does not list at the moment', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { listed, fails, passOf, seen } = started(t);
    listed('a');
    fails('b', UNAVAILABLE);
    t.mock.timers.tick(59_000);
    await new Promise(setImmediate);
    assert.deepEqual([...seen()], []);
    t.mock.timers.tick(1_000);
    await passOf('a/db');
  });
});
