import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeLines } from '../../../src/kubectl-sslreset/change-lines.ts';
import { keyOf, type ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';
import { aCondition, aShownObject, COMPLETE, OPERATION } from '../../support/fakes/shown-objects.ts';

const objects = (...all: readonly ShownObject[]) => new Map(all.map((object) => [keyOf(object), object]));

const running = aShownObject({
  status: {
    conditions: [aCondition('Ready', 'Unknown', 'Progressing', { message: 'It runs' })],
    operation: { name: OPERATION, status: 'RUNNING' },
  },
});

describe('the lines about what has changed', () => {
  test('the first look at an object prints all that is said of it', () => {
    assert.deepEqual(changeLines(objects(), objects(aShownObject({ status: COMPLETE }))), [
      'sslreset orders/orders-db Ready True Complete: 1/2 workloads rolled; server CA 35a1fe69… in Secret/orders-db-server-ca',
      `sslreset orders/orders-db ResetDone True OperationDone: Operation ${OPERATION} is done`,
      'sslreset orders/orders-db WorkloadsRolled True ManualActionRequired: 1 rolled and healthy, 1 left to a person',
      `sslreset orders/orders-db operation ${OPERATION} DONE`,
      'sslreset orders/orders-db StatefulSet/queue ManualActionRequired: its strategy is OnDelete',
      'sslreset orders/orders-db Deployment/api Rolled',
    ]);
  });

  test('a later look prints just what is new', () => {
    const done = aShownObject({ status: { ...running.status, operation: { name: OPERATION, status: 'DONE' } } });
    assert.deepEqual(changeLines(objects(running), objects(done)), [
      `sslreset orders/orders-db operation ${OPERATION} DONE`,
    ]);
    assert.deepEqual(changeLines(objects(done), objects(done)), []);
  });

  test('a message that several conditions share is printed once, with the first of them', () => {
    const of = (reason: string, message: string): ShownObject =>
      aShownObject({
        status: {
          conditions: [
            aCondition('Ready', 'Unknown', 'Progressing', { message }),
            aCondition('Reconciling', 'True', reason, { message }),
          ],
        },
      });
    const [pending, runs, stillRuns] = [
      of('OperationPending', 'a'),
      of('OperationRunning', 'b'),
      of('OperationRunning', 'c'),
    ];
    assert.deepEqual(changeLines(objects(pending), objects(runs)), [
      'sslreset orders/orders-db Ready Unknown Progressing: b',
      'sslreset orders/orders-db Reconciling True OperationRunning',
    ]);
    assert.deepEqual(changeLines(objects(runs), objects(stillRuns)), [
      'sslreset orders/orders-db Ready Unknown Progressing: c',
    ]);
  });

  test('a generation that the operator has not seen, and the deletion of an object, are a line each', () => {
    const edited = aShownObject({ metadata: { generation: 2 }, status: running.status ?? {} });
    assert.deepEqual(changeLines(objects(running), objects(edited)), [
      'sslreset orders/orders-db generation 2 is not seen yet',
    ]);
    assert.deepEqual(changeLines(objects(edited), objects()), ['sslreset orders/orders-db is deleted']);
  });

  test('objects of one name are told apart by namespace and kind', () => {
    const elsewhere = aShownObject({ metadata: { namespace: 'billing' } });
    const serverCa = { ...aShownObject(), kind: 'CloudSqlServerCa' };
    assert.deepEqual(changeLines(objects(running), objects(running, elsewhere, serverCa)), [
      'sslreset billing/orders-db generation 1 is not seen yet',
      'sqlca orders/orders-db generation 1 is not seen yet',
    ]);
  });
});
