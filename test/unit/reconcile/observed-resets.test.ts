import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Transition } from '../../../src/domain/reset/transitions.ts';
import { observedResets } from '../../../src/reconcile/observed-resets.ts';
import { Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

function observed(scene: Scene): { readonly operator: Operator; readonly told: () => readonly string[] } {
  const told: string[] = [];
  const operator = new Operator(scene);
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

describe('what comes to an end is told once', () => {
  test('for a reset whose answer came', async () => {
    const scene = new Scene();
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.deepEqual(told(), ['All Done', ...ROLLED]);
  });

  test('for a lost answer whose operation was found', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.deepEqual(told(), ['All Done', 'resolved Adopted', ...ROLLED]);
  });

  test('for a lost answer that left no trace, and the attempt that followed', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.deepEqual(told(), ['resolved NotSent', 'All Done', ...ROLLED]);
  });

  test('for a lost answer that is given up', async () => {
    const scene = new Scene();
    scene.cloudSql.user = 'somebody-else@example.com';
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.equal(scene.end, 'OutcomeUnknown');
    assert.deepEqual(told(), ['All Unknown', 'resolved Unknown']);
  });

  test('not as found out where an attempt after a lost answer was refused before it was sent', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push(
      { kind: 'Lose', executedAfterMs: undefined },
      { kind: 'Answer', answer: { kind: 'NotWritten', cause: 'Network', message: 'no route' } },
    );
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.deepEqual(told(), ['resolved NotSent', 'All Done', ...ROLLED]);
  });

  test('for a workload that does not come back', async () => {
    const scene = new Scene();
    scene.workloads.rollMs = Number.POSITIVE_INFINITY;
    const { operator, told } = observed(scene);
    await operator.drive();
    assert.equal(scene.end, 'RolloutFailed');
    assert.deepEqual(told(), ['All Done', 'Deployment Failed', 'Deployment Failed']);
  });

  test('and no more where nothing but the publishing was done anew', async () => {
    const scene = new Scene({ spec: { requestId: 'one' } });
    const { operator, told } = observed(scene);
    await operator.drive();
    told();
    scene.resets.edit(scene.ref, { spec: { requestId: 'one', deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(scene.end, 'Complete');
    assert.deepEqual(told(), []);
  });
});
