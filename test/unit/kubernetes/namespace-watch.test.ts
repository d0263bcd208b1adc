import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { annotations } from '../../../src/domain/object.ts';
import type { NamespaceView } from '../../../src/domain/permission.ts';
import { NamespaceWatch } from '../../../src/kubernetes/namespace-watch.ts';
import { aKey } from '../../support/fakes/builders.ts';

const FIRST = aKey('shop/first');
const SECOND = aKey('shop/second');
const ALLOWING = { [annotations.allowedInstances]: 'acme-prod/*' };

const viewOf = (given: NamespaceView['annotations']): NamespaceView => ({ annotations: given, isBeingDeleted: false });

/** An API server whose watches say what the test has them say, and whose reads answer when the test has them. */
class Api {
  readonly watches: PassThrough[] = [];
  readonly selectors: (string | null)[] = [];
  readonly #t: TestContext;
  #nowMs = 0;
  readonly #reads: ((view: NamespaceView) => void)[] = [];
  reads = 0;
  /** Watches are answered with it. */
  statusCode = 200;
  readonly watch: NamespaceWatch;

  constructor(t: TestContext) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(performance, 'now', () => this.#nowMs);
    const open = async (path: string) => {
      this.selectors.push(new URLSearchParams(path.split('?')[1]).get('labelSelector'));
      const body = new PassThrough();
      this.watches.push(body);
      return { statusCode: this.statusCode, headers: {}, body: Object.assign(body, { text: async () => '' }) };
    };
    const read = (): Promise<NamespaceView> => {
      this.reads += 1;
      const { promise, resolve } = Promise.withResolvers<NamespaceView>();
      this.#reads.push(resolve);
      return promise;
    };
    const options = { mayWatch: true, forgottenMs: 3_600_000 };
    this.watch = new NamespaceWatch({ open, requestTimeoutMs: 30_000 }, read, options);
  }

  /** How often an object that is refused has heard of something else. */
  ask(by: typeof FIRST, namespace = 'shop'): { readonly heard: () => number } {
    let heard = 0;
    const onChange = (): void => {
      heard += 1;
    };
    const isRefused = (view: NamespaceView): boolean => !(annotations.allowedInstances in view.annotations);
    void this.watch.ask(by, { namespace, isRefused, onChange });
    return { heard: () => heard };
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      this.#nowMs += 1_000;
      this.#t.mock.timers.tick(1_000);
      await settled();
    }
  }

  async answer(given: NamespaceView['annotations'] = {}): Promise<void> {
    for (const resolve of this.#reads.splice(0)) resolve(viewOf(given));
    await settled();
  }

  async says(given: NamespaceView['annotations']): Promise<void> {
    const event = { type: 'ADDED', object: { metadata: { name: 'shop', resourceVersion: '7', annotations: given } } };
    this.watches.at(-1)?.write(`${JSON.stringify(event)}\n`);
    await settled();
  }
}

/** What streams and promises have to pass on is passed on. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await turn();
}

test('an object whose namespace changes while it is read hears of it, though the read answers what was before', async (t) => {
  const api = new Api(t);
  const first = api.ask(FIRST);
  await api.answer();
  await api.says({});
  const second = api.ask(SECOND);
  await api.says(ALLOWING);
  assert.deepEqual([first.heard(), second.heard()], [1, 0]);
  await api.answer();
  assert.equal(second.heard(), 1);
});

test('an object that is allowed by what was read does not wait, whatever was said meanwhile', async (t) => {
  const api = new Api(t);
  api.ask(FIRST);
  await api.answer();
  const second = api.ask(SECOND);
  await api.says({});
  await api.answer(ALLOWING);
  await api.says(ALLOWING);
  assert.equal(second.heard(), 0);
});

test('a namespace that a watch speaks of is read once for each object, however long they wait', async (t) => {
  const api = new Api(t);
  api.ask(FIRST);
  api.ask(SECOND);
  await api.answer();
  await api.says({});
  await api.pass(60);
  assert.equal(api.reads, 2);
  assert.equal(api.watches.length, 1);
});

test('while a watch of namespaces is accepted and says nothing, they are read, one a second', async (t) => {
  const api = new Api(t);
  const { heard } = api.ask(FIRST);
  await api.answer();
  await api.pass(10);
  assert.equal(api.reads, 11);
  await api.answer(ALLOWING);
  assert.equal(heard(), 1);
});

test('while a watch of namespaces fails, they are read within a second', async (t) => {
  const api = new Api(t);
  api.statusCode = 500;
  const { heard } = api.ask(FIRST);
  await api.answer();
  await api.pass(2);
  assert.equal(api.watches.length, 1);
  await api.answer(ALLOWING);
  assert.equal(heard(), 1);
});

test('a watch of namespaces is of those that are waited for, and of all where they are too many for a query', async (t) => {
  const api = new Api(t);
  api.ask(FIRST);
  await api.answer();
  api.ask(SECOND, 'other');
  await api.answer();
  await api.pass(1);
  for (let n = 0; n < 200; n += 1) api.ask(aKey(`shop/waiting-${n}`), `namespace-${n}`);
  await api.answer();
  await api.pass(1);
  const selector = (names: string): string => `kubernetes.io/metadata.name in (${names})`;
  assert.deepEqual(api.selectors, [selector('shop'), selector('other,shop'), null]);
});
