import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Transition } from '../../../src/domain/reset/transitions.ts';
import { observedResets } from '../../../src/reconcile/observed-resets.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

function observed(fixture: Fixture): { readonly operator: Operator; readonly told: () => readonly string[] } {
  const told: string[] = [];
  const operator = new Operator(fixture);
  const resets = observedResets(operator.context.resets, ({ transitions }) => told.push(...transitions.map(textOf)));
  operator.context = { ...operator.context, resets };
  return { operator, told: () => told.splice(0) };
}

function textOf(transition: Transition): string {
  switch (transition.kind) {
    case 'OperationEnded':
      return `${transition.mode} ${transition.outcome}`;
    case 'OutcomeResolved':
      return `resolved ${transition.result}`;
    case 'WorkloadEnded':
      return `${transition.workload.kind} ${transition.outcome}`;
  }
}

const ROLLED = ['Deployment Rolled', 'Deployment Rolled'];

describe('what comes to an end is reported once', () => {
  test('what comes to an end is reported once for a reset whose answer came', async () => {
    const fixture = new Fixture();
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.deepEqual(told(), ['All Done', ...ROLLED]);
  });

  test('what comes to an end is reported once for a lost answer whose operation was found', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.deepEqual(told(), ['All Done', 'resolved Adopted', ...ROLLED]);
  });

  test('what comes to an end is reported once for a lost answer that left no trace, and the attempt that followed', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.deepEqual(told(), ['resolved NotSent', 'All Done', ...ROLLED]);
  });

  test('what comes to an end is reported once for a lost answer that is given up', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = 'somebody-else@example.com';
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'OutcomeUnknown');
    assert.deepEqual(told(), ['All Unknown', 'resolved Unknown']);
  });

  test('what comes to an end is reported once: not as found out where an attempt after a lost answer was refused before it was sent', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push(
      { kind: 'Lose', executedAfterMs: undefined },
      { kind: 'Answer', answer: { kind: 'NotWritten', cause: 'Network', message: 'no route' } },
    );
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.deepEqual(told(), ['resolved NotSent', 'All Done', ...ROLLED]);
  });

  test('what comes to an end is reported once for a workload that does not come back', async () => {
    const fixture = new Fixture();
    fixture.workloads.rollMs = Number.POSITIVE_INFINITY;
    const { operator, told } = observed(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'RolloutFailed');
    assert.deepEqual(told(), ['All Done', 'Deployment Failed', 'Deployment Failed']);
  });

  test('what comes to an end is reported once and no more where nothing but the publishing was done again', async () => {
    const fixture = new Fixture({ spec: { requestId: 'one' } });
    const { operator, told } = observed(fixture);
    await operator.drive();
    told();
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'one', deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    assert.deepEqual(told(), []);
  });
});
