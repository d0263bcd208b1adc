import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeUnforeseen, KubernetesError } from '../../../src/domain/errors.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import type { Context } from '../../../src/reconcile/pass.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { SSL_RESETS } from '../../../src/reconcile/ssl-resets.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const OOPS = new TypeError("Cannot read properties of undefined (reading 'name')\n    at stack");

const oops = (): never => {
  throw OOPS;
};

const broken = <T extends object>(port: T, method: keyof T): T => ({ ...port, [method]: async () => oops() });

/** Where the mistake is met: what there is of the world then. */
const PLACES: readonly (readonly [where: string, contextOf: (context: Context) => Partial<Context>])[] = [
  [
    'before the call',
    ({ cloudSql }) => ({ cloudSql: { ...cloudSql, lowPriority: broken(cloudSql.lowPriority, 'instance') } }),
  ],
  [
    'while the CAs are published',
    ({ objects }) => ({
      objects: { ...objects, apply: async (...given) => (given[1].dryRun ? objects.apply(...given) : oops()) },
    }),
  ],
  ['while workloads are rolled', ({ workloads }) => ({ workloads: broken(workloads, 'list') })],
];

/** A mistake that is there for two hours. */
async function withMistake(contextOf: (context: Context) => Partial<Context>) {
  const fixture = new Fixture({ spec: { deadlineSeconds: 600 } });
  const operator = new Operator(fixture);
  const sound = operator.context;
  operator.context = { ...sound, ...contextOf(sound) };
  const seen = { reason: fixture.reconcilingReason, end: fixture.end, text: '' };
  fixture.after(300_000, () => {
    seen.reason = fixture.reconcilingReason;
  });
  fixture.after(7_200_000, () => {
    seen.end = fixture.end;
    seen.text = JSON.stringify(fixture.status.conditions);
    operator.context = sound;
  });
  await operator.drive();
  return { fixture, operator, seen };
}

describe('an error that nobody foresaw', () => {
  for (const [where, contextOf] of PLACES) {
    test(`${where} is the reason of the object, stalls it at its deadline with the same message, and is over with a retry`, async () => {
      const { fixture, operator, seen } = await withMistake(contextOf);
      assert.equal(seen.reason, 'InternalError');
      assert.equal(seen.end, 'DeadlineExceeded');
      assert.match(seen.text, /InternalError: .*TypeError: Cannot read properties of undefined/);
      assert.doesNotMatch(seen.text, / at stack/);
      fixture.annotate({ 'cloudsql-ssl.dev/retry': '1' });
      await operator.resync();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }

  test('while an accepted operation is followed stalls at the deadline, and the operation is followed all the same', async () => {
    const { fixture, seen } = await withMistake(({ cloudSql }) => ({ cloudSql: broken(cloudSql, 'operation') }));
    assert.deepEqual([seen.reason, seen.end], ['InternalError', 'DeadlineExceeded']);
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('while a lost answer is found out leaves the outcome unknown at the deadline, and nothing is called again', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 600 } });
    const operator = new Operator(fixture);
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    fixture.cloudSql.onCall = () => {
      operator.context = { ...operator.context, cloudSql: broken(operator.context.cloudSql, 'operations') };
    };
    await operator.drive();
    assert.equal(fixture.end, 'OutcomeUnknown');
    assert.match(JSON.stringify(fixture.status.conditions), /InternalError: .*TypeError/);
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('before anything of the request is known is the reason too, and stalls after as long as a deadline', async () => {
    const { fixture, seen } = await withMistake(({ index }) => ({ index: unable(index) }));
    assert.deepEqual([seen.reason, seen.end], ['InternalError', 'DeadlineExceeded']);
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an error that nobody foresaw is not written over a record that was written since', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.pass(fixture.ref);
    fixture.cloudSql.onCall = oops;
    await assert.rejects(reconcile(SSL_RESETS, fixture.ref, operator.context), TypeError);
    assert.deepEqual([fixture.status.request?.attempt, fixture.status.request?.outcome], [1, undefined]);
  });

  test('an error that nobody foresaw gives way to what keeps the status from being written', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.pass(fixture.ref);
    const refused = new KubernetesError({ kind: 'Refused', message: 'invalid' });
    const context: Context = {
      ...operator.context,
      index: unable(operator.context.index),
      resets: { ...operator.context.resets, updateStatus: () => Promise.reject(refused) },
    };
    await assert.rejects(reconcile(SSL_RESETS, fixture.ref, context), refused);
  });

  test('an error that nobody foresaw is what the pass fails by, also where it cannot be reported since that fails too, which is logged', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const logged: unknown[] = [];
    const { clock, index, logger } = operator.context;
    const failure = new RangeError('Invalid time value');
    const late = {
      now: () => {
        throw failure;
      },
    };
    await assert.rejects(
      reconcile(SSL_RESETS, fixture.ref, {
        ...operator.context,
        index: unable(index),
        clock: { ...clock, ...late },
        logger: { ...logger, child: () => ({ ...logger, error: (_message, { err } = {}) => logged.push(err) }) },
      }),
      OOPS,
    );
    assert.deepEqual(logged, [failure]);
  });

  const told = (error: unknown): string =>
    describeUnforeseen(error).slice(describeUnforeseen('').indexOf(' string') + 1);
  test('an error that nobody foresaw is reported by its name and the first line of its message', () => {
    assert.equal(
      told(new RangeError('Maximum call stack size exceeded\nfoo')),
      'RangeError: Maximum call stack size exceeded',
    );
    assert.ok(told(new Error('x'.repeat(5_000))).length <= 300);
  });
  test('an error that nobody foresaw is reported by its name alone where its message quotes what was read, or is a dump', () => {
    assert.equal(told(new SyntaxError('Unexpected token in "secret"')), 'SyntaxError');
    assert.equal(told(new Error('[{"code":"secret"}]')), 'Error');
  });
});

/** An index that makes each decision a mistake. */
function unable(index: ObjectIndex<SslReset>): ObjectIndex<SslReset> {
  return new Proxy(index, {
    get: (target, key) => {
      if (key === 'siblingsOf') return oops;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
