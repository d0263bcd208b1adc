import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectAt } from '../../../src/lib/json.ts';

test('the time zones of maintenance windows are built into Node, so that an image needs no zone files', () => {
  const { icu_small: isSmall } = objectAt(process.config, 'variables');
  assert.equal(isSmall, false, 'this Node has the data of few languages, or takes them from a file of the machine');
  assert.match(process.versions.tz ?? '', /^20\d\d[a-z]$/);
});
