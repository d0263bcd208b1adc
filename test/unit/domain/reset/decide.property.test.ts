import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { annotations } from '../../../../src/domain/object.ts';
import { isPastDeadline } from '../../../../src/domain/reset/deadline.ts';
import { decide } from '../../../../src/domain/reset/decide.ts';
import {
  aCall,
  aFailedOperation,
  anOperation,
  aRequest,
  aReset,
  at,
  dateAt,
  readyConditions,
  reconcilingConditions,
  stalledConditions,
} from '../../../support/fakes/builders.ts';

const outcome = fc.constantFrom('Accepted', 'AlreadyDone', 'Refused', 'NotSent', 'Unknown', undefined);
const optional = <T>(value: T) => fc.constantFrom(value, undefined);

const request = fc
  .record({
    isCalled: fc.boolean(),
    outcome,
    requestId: optional('a'),
    retry: optional('1'),
    doneTime: optional(at(0)),
    publishedTime: optional(at(0)),
    retryTime: optional(at(100)),
  })
  .map(({ isCalled, ...rest }) => {
    const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return isCalled ? aCall(known) : aRequest(known);
  });

const conditions = fc.oneof(
  fc.constantFrom([], readyConditions(), reconcilingConditions('Suspended'), reconcilingConditions('Preflight')),
  fc
    .constantFrom('NotPermitted', 'ObjectConflict', 'OperationFailed', 'OutcomeUnknown', 'RolloutFailed')
    .map((reason) => stalledConditions(reason)),
);

const resets = fc
  .record({
    isDeleted: fc.boolean(),
    isSuspended: fc.boolean(),
    retry: fc.constantFrom('1', '2', undefined),
    generation: fc.constantFrom(1, 2),
    requestId: fc.constantFrom('a', 'b', undefined),
    request: fc.option(request, { nil: undefined }),
    operation: fc.constantFrom(undefined, anOperation(), aFailedOperation()),
    conditions,
  })
  .map((parts) =>
    aReset({
      generation: parts.generation,
      annotations: {
        ...(parts.isSuspended && { [annotations.suspend]: 'true' }),
        ...(parts.retry !== undefined && { [annotations.retry]: parts.retry }),
      },
      ...(parts.isDeleted && { deletionTimestamp: at(0) }),
      ...(parts.requestId !== undefined && { spec: { requestId: parts.requestId } }),
      status: {
        conditions: parts.conditions,
        ...(parts.request !== undefined && { request: parts.request }),
        ...(parts.operation !== undefined && { operation: parts.operation }),
      },
    }),
  );

test('a reset is called only for a received request that nothing speaks against', () => {
  fc.assert(
    fc.property(resets, fc.constantFrom(1, 50, 200, 5000), fc.boolean(), (reset, seconds, isOutdated) => {
      const now = dateAt(seconds);
      const { metadata, spec, status } = reset;
      const others = { hasLostSibling: isOutdated, hasLeftCas: isOutdated, isRotating: isOutdated };
      if (decide(reset, { now, isOutdated, lastRead: at(0), ...others }).kind !== 'RequestReset') return;
      const stalled = status.conditions?.find(({ type }) => type === 'Stalled')?.reason;
      assert.equal(metadata.deletionTimestamp, undefined);
      assert.notEqual(metadata.annotations[annotations.suspend], 'true');
      assert.ok(status.request !== undefined && status.request.generation === metadata.generation);
      assert.ok(spec.requestId === undefined || status.request.requestId !== 'a' || spec.requestId === 'a');
      assert.ok(status.request.time === undefined || status.request.outcome !== undefined, 'unresolved');
      assert.ok(!['Accepted', 'AlreadyDone', 'Unknown'].includes(status.request.outcome ?? ''));
      assert.ok(stalled === undefined || ['NotPermitted', 'ObjectConflict'].includes(stalled));
      const { retryTime } = status.request;
      assert.ok(retryTime === undefined || now >= new Date(retryTime) || isPastDeadline(reset, now));
    }),
    { numRuns: 3000 },
  );
});
