import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Failure } from '../../../src/kubectl-sslreset/errors.ts';
import { follow } from '../../../src/kubectl-sslreset/follow.ts';
import { KINDS } from '../../../src/kubectl-sslreset/kinds.ts';
import { selectionOf } from '../../../src/kubectl-sslreset/selection.ts';
import { event, kubectlOf, list, type Script } from '../../support/fakes/fake-kubectl.ts';

/** The names that were there each time, and the problems, until `enough` says so. */
async function followed(script: Script, names: readonly string[], enough: (seen: readonly string[]) => boolean) {
  const seen: string[] = [];
  const end = new AbortController();
  const note = (what: string): void => {
    seen.push(what);
    if (enough(seen)) end.abort();
  };
  const kubectl = kubectlOf(script);
  const follower = {
    onObjects: (objects: ReadonlyMap<string, unknown>) => note([...objects.keys()].join(',')),
    onProblem: note,
  };
  await follow(kubectl, selectionOf(names), follower, end.signal, () => setImmediate());
  return { seen, asked: kubectl.asked };
}

const KEY = 'CloudSqlSslReset orders/';

describe('objects that are followed', () => {
  test('objects that are followed are listed first, and then change with each event', async () => {
    const watches = [{ lines: [event('MODIFIED', 'a'), event('ADDED', 'b'), event('DELETED', 'a')], complaint: '' }];
    const { seen, asked } = await followed({ looks: [list('a')], watches }, [], (all) => all.length === 4);
    assert.deepEqual(seen, [`${KEY}a`, `${KEY}a`, `${KEY}a,${KEY}b`, `${KEY}b`]);
    assert.deepEqual(asked[0], ['get', KINDS.map(({ resource }) => resource).join(','), '--output=json']);
  });

  test('a watch that the server ends is begun again, after another look', async () => {
    const script = { looks: [list('a'), list('b')], watches: [{ lines: [event('ADDED', 'a')], complaint: '' }] };
    const { seen } = await followed(script, [], (all) => all.length === 3);
    assert.deepEqual(seen, [`${KEY}a`, `${KEY}a`, `${KEY}b`]);
  });

  test('a server that is away for a while is a problem in the words of kubectl, and what was seen stays', async () => {
    const script = {
      looks: [list('a'), new Failure('connection refused'), list('a')],
      watches: [{ lines: [event('ADDED', 'a')], complaint: 'unexpected EOF' }],
    };
    const { seen } = await followed(script, [], (all) => all.includes('connection refused'));
    assert.deepEqual(seen, [`${KEY}a`, `${KEY}a`, 'unexpected EOF', 'connection refused']);
  });

  test('objects that are named are watched one by one, as lists, also while they are gone', async () => {
    const script = { looks: [list('a', 'b'), '', list('a')], watches: [{ lines: [], complaint: '' }] };
    const { seen, asked } = await followed(script, ['a', 'b'], (all) => all.length === 2);
    assert.deepEqual(seen, [`${KEY}a,${KEY}b`, '']);
    const watched = asked.filter((args) => args.includes('--watch')).map((args) => args.slice(0, 3));
    const resource = 'cloudsqlsslresets.cloudsql-ssl.dev';
    assert.deepEqual(watched.slice(0, 2), [
      ['get', resource, '--field-selector=metadata.name=a'],
      ['get', resource, '--field-selector=metadata.name=b'],
    ]);
  });

  test('an object that is gone by the time that its watch begins is noticed', async () => {
    const { seen } = await followed({ looks: [list('a', 'b'), list('b')], watches: [] }, [], (all) => all.length === 2);
    assert.deepEqual(seen, [`${KEY}a,${KEY}b`, `${KEY}b`]);
  });

  test('objects that the watch has shown are not looked for again, those that it has not are', async () => {
    for (const [shown, looks] of [
      [['a', 'b'], 1],
      [['a'], 3],
    ] as const) {
      const opening = shown.map((name) => event('ADDED', name));
      const kubectl = kubectlOf({ looks: [list('a', 'b')], watches: [], opening });
      const end = new AbortController();
      const lookCount = (): number => kubectl.asked.filter((args) => !args.includes('--watch')).length;
      let pauses = 0;
      const pause = async (): Promise<void> => {
        pauses += 1;
        if (pauses === 3) end.abort();
        await setImmediate();
      };
      const follower = { onObjects: () => undefined, onProblem: () => undefined };
      const followed = follow(kubectl, selectionOf(['a', 'b']), follower, end.signal, pause);
      for (let turn = 0; turn < 20; turn += 1) await setImmediate();
      end.abort();
      await followed;
      assert.equal(lookCount(), looks, shown.join());
    }
  });

  test('a first look that fails is a failure, and so is a name that no object has', async () => {
    const enough = (): boolean => true;
    await assert.rejects(followed({ looks: [new Failure('refused')], watches: [] }, [], enough), /refused/);
    await assert.rejects(followed({ looks: [list('a')], watches: [] }, ['a', 'c'], enough), /Not found: c/);
  });

  test('the first look is reported even if the time is over by then', async () => {
    const seen: number[] = [];
    const follower = {
      onObjects: (objects: ReadonlyMap<string, unknown>) => seen.push(objects.size),
      onProblem: () => undefined,
    };
    await follow(kubectlOf({ looks: [list('a')], watches: [] }), selectionOf([]), follower, AbortSignal.abort());
    assert.deepEqual(seen, [1]);
  });
});
