import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aCondition } from '../../support/fakes/shown-objects.ts';
import { type PluginFixture, pluginFixture } from '../kubectl-sslreset/fixture.ts';

/** Cells are padded to the column's width, and may be empty. */
function cellOf(table: string, column: string): string {
  const [head = '', row = ''] = table.split('\n');
  const start = head.indexOf(column);
  assert.ok(start >= 0, `no column ${column} in ${head}`);
  const rest = head.slice(start + column.length).search(/\S/);
  return row.slice(start, rest < 0 ? undefined : start + column.length + rest).trim();
}

const KINDS: Readonly<Record<string, (fixture: PluginFixture) => Promise<void>>> = {
  sslreset: ({ create }) => create('db'),
  sqlca: ({ createServerCa }) => createServerCa('db'),
};

/** As both kinds have it. */
const COMPLETE = { observedGeneration: 1, conditions: [aCondition('Ready', 'True', 'Complete')] };

describe('the columns of kubectl get', { concurrency: 2 }, () => {
  for (const [resource, create] of Object.entries(KINDS)) {
    test(`the columns of kubectl get tell of ${resource} whether what is READY is the spec that is there now`, async (t) => {
      const fixture = await pluginFixture(t);
      const { kubectl, setStatus } = fixture;
      const shown = async () => {
        const table = await kubectl('get', resource, 'db');
        return ['READY', 'OBSERVED', 'GENERATION'].map((column) => cellOf(table, column));
      };
      await create(fixture);
      assert.deepEqual(await shown(), ['', '-1', '1']);
      await setStatus('db', COMPLETE, resource);
      assert.deepEqual(await shown(), ['Complete', '1', '1']);
      await kubectl('patch', resource, 'db', '--type=merge', '--patch={"spec":{"deadlineSeconds":1800}}');
      assert.deepEqual(await shown(), ['Complete', '1', '2']);
    });
  }
});
