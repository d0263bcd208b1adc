import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { annotations } from '../../../src/domain/object.ts';
import { isUnresolved } from '../../../src/domain/reset/request.ts';
import { aReset, USER } from '../../support/fakes/builders.ts';
import type { Turn } from '../../support/fakes/fake-cloud-sql.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { Fixture, rejection } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const GRACE_MS = 300_000;

/** The assumption on Cloud SQL: late by so much, and listed late by so much, are within the grace together. */
const lateness = fc.integer({ min: 0, max: GRACE_MS / 2 - 10_000 });

const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.constant<Turn>({ kind: 'Execute' }),
  fc.option(lateness, { nil: undefined }).map((executedAfterMs): Turn => ({ kind: 'Lose', executedAfterMs })),
  fc
    .constantFrom(rejection(403), rejection(409, 'operationInProgress'), rejection(429, '', 60_000))
    .map((answer): Turn => ({ kind: 'Answer', answer })),
);

const fault = fc.constantFrom<Fault>('KillBefore', 'KillAfter', 'Fail', 'LoseAnswer');

type ScenarioEvent = 'edit' | 'requestId' | 'suspend' | 'resume' | 'backup' | 'foreign' | 'foreignReset' | 'restart';
const scenarioEvent = fc.constantFrom<ScenarioEvent>(
  ...(['edit', 'requestId', 'suspend', 'resume', 'backup', 'foreign', 'foreignReset', 'restart'] as const),
);

const scenario = fc.record({
  hasRequestId: fc.boolean(),
  hasSecond: fc.boolean(),
  knowsAccount: fc.boolean(),
  fails: fc.boolean(),
  listLagMs: lateness,
  turns: fc.array(turn, { maxLength: 5 }),
  faults: fc.array(fc.tuple(fc.nat({ max: 150 }), fault), { maxLength: 12 }),
  events: fc.array(fc.tuple(fc.nat({ max: 900_000 }), scenarioEvent), { maxLength: 6 }),
});

type Happen = (fixture: Fixture, operator: Operator, n: number) => void;

const effectOf: Readonly<Record<ScenarioEvent, Happen>> = {
  edit: ({ resets, ref }, _operator, n) => resets.edit(ref, { spec: { deadlineSeconds: 3_000 + n } }),
  requestId: ({ resets, ref, reset }, _operator, n) =>
    resets.edit(ref, { spec: reset.spec.requestId === undefined ? {} : { requestId: `r${n}` } }),
  suspend: (fixture) => fixture.annotate({ [annotations.suspend]: 'true' }),
  resume: (fixture) => fixture.annotate({ [annotations.suspend]: 'false' }),
  backup: ({ cloudSql }) => cloudSql.startForeign({ operationType: 'BACKUP_VOLUME' }, 90_000),
  foreign: ({ cloudSql }) => cloudSql.startForeign({ user: USER }, 1_000),
  foreignReset: ({ cloudSql }) => cloudSql.startForeign({}, 1_000, true),
  restart: (_fixture, operator) => operator.restart(),
};

/** For each call the request that it was made for: the one whose outcome is not known just then. */
function requestsOfCalls(fixture: Fixture): readonly string[] {
  const requests: string[] = [];
  fixture.cloudSql.onCall = () => {
    const [calling, ...others] = fixture.resets.list().filter(({ status }) => isUnresolved(status.request));
    assert.ok(calling !== undefined && others.length === 0, 'a call is recorded before it is made, one at a time');
    const { requestId, generation } = calling.status.request ?? {};
    requests.push(`${calling.metadata.uid} ${requestId ?? generation}`);
  };
  return requests;
}

test('whatever is killed, lost, late or edited: no request is executed twice, all end Ready or Stalled, and then it is quiet', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario,
      async ({ hasRequestId, hasSecond, knowsAccount, fails, listLagMs, turns, faults, events }) => {
        const fixture = new Fixture(hasRequestId ? { spec: { requestId: 'r' } } : {});
        if (hasSecond) fixture.resets.create(aReset({ name: 'second' }));
        fixture.cloudSql.listLagMs = listLagMs;
        fixture.cloudSql.turns.push(...turns);
        if (!knowsAccount) fixture.cloudSql.user = undefined;
        if (fails) fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
        const requests = requestsOfCalls(fixture);
        const planned = new Map(faults);
        const operator = new Operator(fixture, { faults: new Faults((n) => planned.get(n)) });
        for (const [n, [ms, what]] of events.entries()) {
          fixture.after(ms, () => effectOf[what](fixture, operator, n));
        }
        fixture.after(900_001, () => effectOf.resume(fixture, operator, 0));
        await operator.drive();

        const executed = fixture.cloudSql.executedCalls.map((call) => requests[call]);
        assert.equal(new Set(executed).size, executed.length, `executed twice: ${executed.join(', ')}`);
        for (const reset of fixture.resets.list()) {
          assert.notEqual(endOf(reset), undefined, JSON.stringify(reset.status));
          assert.equal(reset.status.observedGeneration, reset.metadata.generation);
        }
        const before = [fixture.writes, fixture.cloudSql.calls];
        operator.faults.plan = () => undefined;
        operator.restart();
        await operator.drive();
        assert.deepEqual([fixture.writes, fixture.cloudSql.calls], before, 'it is quiet');
      },
    ),
    { numRuns: 300 },
  );
});
