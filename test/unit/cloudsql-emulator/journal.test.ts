import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../cloudsql-emulator/journal.ts';

const reset = { method: 'POST', path: '/', api: 'resetSslConfig', project: 'p', instance: 'i', mode: 'ALL' } as const;

test('executed resets are those that took effect, on that instance', () => {
  const journal = new Journal();
  journal.begin(reset);
  const executed = journal.begin(reset);
  const other = journal.begin({ ...reset, instance: 'other' });
  journal.amend(executed.id, { executed: true });
  journal.amend(other.id, { executed: true });
  const ids = journal.executedResets('p', 'i').map(({ id }) => id);
  assert.deepEqual(ids, [executed.id]);
});

test('a call can be awaited before and after it arrives', async () => {
  const journal = new Journal();
  const coming = journal.waitFor(({ executed }) => executed);
  const { id } = journal.begin(reset);
  journal.amend(id, { executed: true });
  assert.equal((await coming).id, id);
  assert.equal((await journal.waitFor(({ executed }) => executed)).id, id);
});

test('waiting for a call ends with its signal, also with one that is over already', async () => {
  const controller = new AbortController();
  const waiting = new Journal().waitFor(() => true, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await assert.rejects(
    new Journal().waitFor(() => true, AbortSignal.abort()),
    { name: 'AbortError' },
  );
});
