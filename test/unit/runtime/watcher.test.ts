import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Observable, type Subscriber } from 'rxjs';
import { WatchRetries } from '../../../src/runtime/watch-retries.ts';
import { type Listed, type SourceEvent, type WatchEvent, watcher } from '../../../src/runtime/watcher.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';

const GONE = new Error('too old');

interface OpenWatch {
  readonly version: string;
  readonly subscriber: Subscriber<SourceEvent<string>>;
}

/** A source whose lists and watches are answered by the test. */
function started() {
  const timers = new VirtualClock();
  const lists: { answer: (listed: Listed<string>) => void; fail: (error: unknown) => void; signal: AbortSignal }[] = [];
  const watches: OpenWatch[] = [];
  const events: WatchEvent<string>[] = [];

  const source = {
    list: (signal: AbortSignal) =>
      new Promise<Listed<string>>((answer, fail) => {
        lists.push({ answer, fail, signal });
      }),
    watch: (version: string) =>
      new Observable<SourceEvent<string>>((subscriber) => {
        watches.push({ version, subscriber });
      }),
    isExpired: (error: unknown) => error === GONE,
  };
  const subscription = watcher(source, {
    backoff: { minMs: 100, maxMs: 1000 },
    healthyAfterMs: 5000,
    random: () => 0,
    timers,
  }).subscribe((event) => events.push(event));

  return {
    timers,
    lists,
    events,
    subscription,
    versions: () => watches.map(({ version }) => version),
    async listed(version: string, ...objects: readonly string[]) {
      lists.at(-1)?.answer({ objects, version });
      await timers.pass(0);
    },
    async listFails(error: unknown) {
      lists.at(-1)?.fail(error);
      await settle();
    },
    async sends(...sent: readonly SourceEvent<string>[]) {
      for (const event of sent) watches.at(-1)?.subscriber.next(event);
      await settle();
    },
    async ends() {
      watches.at(-1)?.subscriber.complete();
      await timers.pass(0);
    },
    async fails(error: unknown) {
      watches.at(-1)?.subscriber.error(error);
      await settle();
    },
  };
}

test('the watcher lists, then watches from there', async () => {
  const { events, versions, listed, sends } = started();
  await listed('10', 'a', 'b');
  await sends(
    { type: 'opened' },
    { type: 'applied', object: 'c', version: '11' },
    { type: 'deleted', object: 'a', version: '12' },
  );
  assert.deepEqual(versions(), ['10']);
  assert.deepEqual(events, [
    { type: 'synced', objects: ['a', 'b'] },
    { type: 'applied', object: 'c' },
    { type: 'deleted', object: 'a' },
  ]);
});

test('a watch that ends is opened again at once from its last bookmark, without a list', async () => {
  const { timers, lists, versions, listed, sends, ends } = started();
  await listed('10');
  await sends({ type: 'opened' }, { type: 'applied', object: 'a', version: '11' }, { type: 'bookmark', version: '99' });
  await timers.pass(1000);
  await ends();
  assert.deepEqual(versions(), ['10', '99']);
  assert.equal(lists.length, 1);
});

test('a watch that fails is opened again after a back-off, without a list', async () => {
  const { timers, lists, versions, listed, sends, fails } = started();
  await listed('10');
  await sends({ type: 'opened' }, { type: 'bookmark', version: '11' });
  await fails(new Error('cut'));
  await timers.pass(99);
  assert.deepEqual(versions(), ['10']);
  await timers.pass(1);
  assert.deepEqual(versions(), ['10', '11']);
  assert.equal(lists.length, 1);
});

test('a version that is too old costs a list, and is no failure', async () => {
  const { timers, lists, events, listed, fails, versions } = started();
  await listed('10', 'a');
  await fails(GONE);
  await timers.pass(100);
  assert.equal(lists.length, 2);
  await listed('50', 'b');
  assert.deepEqual(versions(), ['10', '50']);
  assert.deepEqual(events, [
    { type: 'synced', objects: ['a'] },
    { type: 'synced', objects: ['b'] },
  ]);
});

test('after an outage a version that is too old is listed again at once, whatever the back-off had become', async () => {
  const { timers, lists, events, listed, fails, sends } = started();
  await listed('10', 'a');
  const outage = new Error('refused');
  for (let n = 0; n < 10; n += 1) {
    await fails(outage);
    await timers.pass(1000);
  }
  // The server is back: it takes the watch from the old version, and says on the stream that it is too old.
  await sends({ type: 'opened' });
  await fails(GONE);
  await timers.pass(0);
  assert.equal(lists.length, 2);
  assert.deepEqual(events.slice(1), [{ type: 'failed', error: outage }]);
  await listed('50', 'b');
  assert.deepEqual(events.slice(2), [{ type: 'synced', objects: ['b'] }, { type: 'recovered' }]);
});

test('a watch that is refused as too old when it is asked for is listed again at once, also after an outage', async () => {
  const { timers, lists, listed, fails, listFails } = started();
  await listed('10', 'a');
  for (let n = 0; n < 10; n += 1) {
    await fails(new Error('refused'));
    await timers.pass(1000);
  }
  await fails(GONE);
  await timers.pass(0);
  assert.equal(lists.length, 2);
  await listFails(new Error('not yet'));
  await timers.pass(500);
  assert.equal(lists.length, 3);
});

test('a server that refuses each version right after it was listed is asked at once three times, then less and less often', async () => {
  const { timers, lists, listed, fails } = started();
  await listed('10');
  for (const delayMs of [0, 0, 0, 100, 100, 200, 400, 500, 500]) {
    const before = lists.length;
    await fails(GONE);
    await timers.pass(Math.max(0, delayMs - 1));
    assert.equal(lists.length, delayMs === 0 ? before + 1 : before, `sooner than ${delayMs} ms`);
    await timers.pass(1);
    assert.equal(lists.length, before + 1);
    await listed('20');
  }
});

test('a server that goes on to refuse each version is listed again within two seconds, however long failures would wait', () => {
  const policy = { backoff: { minMs: 500, maxMs: 30_000 }, healthyAfterMs: 10_000, random: () => 1 };
  const retries = new WatchRetries(policy, new VirtualClock());
  const delays = Array.from({ length: 20 }, () => retries.delayAfterExpiry());
  assert.deepEqual(delays.slice(0, 3), [0, 0, 0]);
  assert.ok(
    delays.slice(3).every((ms) => ms > 0 && ms <= 2_000),
    String(delays),
  );
});

test('a watch that is taken has recovered once it was not refused for a second, or has told something', async () => {
  for (const event of [
    { type: 'bookmark', version: '11' },
    { type: 'applied', object: 'a', version: '11' },
  ] as const) {
    const { timers, events, listed, fails, sends } = started();
    const isOver = () => events.at(-1)?.type === 'recovered';
    await listed('10');
    await fails(new Error('cut'));
    await timers.pass(100);
    await sends({ type: 'opened' });
    assert.equal(isOver(), false);
    await sends(event);
    assert.equal(isOver(), true);
  }
  const { timers, events, listed, fails, sends } = started();
  await listed('10');
  await fails(new Error('cut'));
  await timers.pass(100);
  await sends({ type: 'opened' });
  await timers.pass(999);
  assert.notEqual(events.at(-1)?.type, 'recovered');
  await timers.pass(1);
  assert.equal(events.at(-1)?.type, 'recovered');
});

test('a watch that ends before it was taken for a second has not recovered by that', async () => {
  const { timers, events, listed, fails, sends, ends } = started();
  await listed('10');
  await fails(new Error('cut'));
  await timers.pass(100);
  await sends({ type: 'opened' });
  await ends();
  await timers.pass(5000);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['synced', 'failed'],
  );
});

test('a list that fails is tried again', async () => {
  const { timers, lists, events, listed, listFails } = started();
  const error = new Error('no');
  await listFails(error);
  await timers.pass(100);
  assert.equal(lists.length, 2);
  await listed('10');
  assert.deepEqual(events, [{ type: 'failed', error }, { type: 'synced', objects: [] }, { type: 'recovered' }]);
});

test('the same failure is reported once, another one again, and the recovery once', async () => {
  const { timers, events, listed, fails, sends } = started();
  await listed('10');
  for (const message of ['cut', 'cut', 'cut', 'denied', 'denied']) {
    await fails(new Error(message));
    await timers.pass(1000);
  }
  await sends({ type: 'opened' }, { type: 'bookmark', version: '11' }, { type: 'bookmark', version: '12' });
  assert.deepEqual(
    events.slice(1).map((event) => (event.type === 'failed' ? String(event.error) : event.type)),
    ['Error: cut', 'Error: denied', 'recovered'],
  );
});

test('back-offs grow while it fails', async () => {
  const { timers, versions, listed, fails } = started();
  await listed('10');
  for (const delayMs of [100, 200, 400, 500, 500]) {
    const before = versions().length;
    await fails(new Error('no'));
    await timers.pass(delayMs - 1);
    assert.equal(versions().length, before, `sooner than ${delayMs} ms`);
    await timers.pass(1);
    assert.equal(versions().length, before + 1);
  }
});

test('a while of health makes back-offs short again', async () => {
  const { timers, versions, listed, sends, fails } = started();
  await listed('10');
  for (const delayMs of [100, 200, 400]) {
    await fails(new Error('no'));
    await timers.pass(delayMs);
  }
  await sends({ type: 'opened' });
  await timers.pass(5000);
  await fails(new Error('no'));
  await timers.pass(100);
  assert.equal(versions().length, 5);
});

test('a watch that hangs before it is accepted is no health', async () => {
  const { timers, versions, listed, fails } = started();
  await listed('10');
  await timers.pass(5000);
  await fails(new Error('no'));
  await timers.pass(100);
  await timers.pass(5000);
  await fails(new Error('no'));
  await timers.pass(199);
  assert.equal(versions().length, 2);
});

test('a server that ends every watch at once is not asked in a loop', async () => {
  const { timers, versions, listed, sends, ends } = started();
  await listed('10');
  for (const delayMs of [100, 200, 400]) {
    await sends({ type: 'opened' });
    await ends();
    const before = versions().length;
    await timers.pass(delayMs - 1);
    assert.equal(versions().length, before);
    await timers.pass(1);
    assert.equal(versions().length, before + 1);
  }
});

test('unsubscribing aborts a list under way', () => {
  const { lists, subscription } = started();
  subscription.unsubscribe();
  assert.equal(lists[0]?.signal.aborted, true);
});

test('unsubscribing during a back-off leaves nothing behind', async () => {
  const { timers, subscription, listFails } = started();
  await listFails(new Error('no'));
  subscription.unsubscribe();
  assert.equal(timers.size, 0);
});
