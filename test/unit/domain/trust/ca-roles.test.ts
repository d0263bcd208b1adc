import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestFirst } from '../../../../src/domain/trust/ca-roles.ts';

test('server CAs are ordered by the time at which they were made, however finely it is written, and those without one come last', () => {
  const times = [undefined, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.500Z', '2026-01-01T02:00:00+02:00', 'soon'];
  assert.deepEqual(
    times.map((createTime) => ({ ...(createTime !== undefined && { createTime }) })).toSorted(newestFirst),
    [
      { createTime: '2026-01-01T00:00:00.500Z' },
      { createTime: '2026-01-01T00:00:00Z' },
      { createTime: '2026-01-01T02:00:00+02:00' },
      {},
      { createTime: 'soon' },
    ],
  );
});
