import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { at } from '../../support/fakes/builders.ts';
import { Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const give = (fixture: Fixture, requestId: string, spec = {}): void =>
  fixture.resets.edit(fixture.ref, { spec: { requestId, ...spec } });
const begun = (parts = {}): { readonly fixture: Fixture; readonly operator: Operator } => {
  const fixture = new Fixture({ spec: { requestId: 'a', ...parts } });
  return { fixture, operator: new Operator(fixture) };
};
/** Another value is given, and then the first one again. */
async function comesBack(fixture: Fixture, operator: Operator): Promise<void> {
  for (const requestId of ['b', 'a']) {
    give(fixture, requestId);
    await operator.drive();
  }
}
const ends = (fixture: Fixture) => [fixture.end, fixture.cloudSql.executed];

describe('a requestId that comes back', () => {
  test('after another one was executed calls nothing, publishes and rolls, and says which value it is', async () => {
    const { fixture, operator } = begun();
    await operator.drive();
    give(fixture, 'b');
    await operator.drive();
    give(fixture, 'a', { serverCa: { secretName: 'other', key: 'ca.pem', contents: 'All' } });
    await operator.drive();
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
    const published = await fixture.objects.get({ kind: 'Secret', namespace: 'orders', name: 'other' });
    assert.deepEqual(toTexts(published?.data ?? {}), { 'ca.pem': 'CA 3\n' });
    const message = findCondition(fixture.status.conditions, 'Ready')?.message ?? '';
    assert.match(message, /requestId "a" was executed before, 2026-\S+ \(op-1\).* never used before/);
    const { writes } = fixture;
    operator.restart();
    await operator.resync();
    assert.deepEqual([...ends(fixture), fixture.writes], ['AlreadyExecuted', 2, writes]);
  });

  test('while the operation of the other one still runs waits for its end, and calls nothing', async () => {
    const { fixture, operator } = begun();
    await operator.drive();
    give(fixture, 'b');
    fixture.after(10_000, () => give(fixture, 'a'));
    await operator.drive();
    assert.deepEqual([...ends(fixture), await fixture.publishedCa()], ['AlreadyExecuted', 2, 'CA 3\n']);
    assert.deepEqual(
      fixture.status.history?.map(({ outcome }) => outcome),
      ['AlreadyExecuted', 'Superseded', 'Complete'],
    );
  });

  test('a requestId that comes back and was overtaken while its own operation ran calls nothing', async () => {
    const { fixture, operator } = begun();
    fixture.after(10_000, () => give(fixture, 'b'));
    await operator.drive();
    give(fixture, 'a');
    await operator.drive();
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
  });

  test('a requestId that comes back and whose outcome was given up as unknown calls nothing', async () => {
    const { fixture, operator } = begun();
    fixture.cloudSql.user = undefined;
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await operator.drive();
    await comesBack(fixture, operator);
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
    assert.match(
      findCondition(fixture.status.conditions, 'Ready')?.message ?? '',
      /was, or may have been, executed before/,
    );
  });

  test('a requestId that comes back and whose operation failed calls nothing, and does not pass for a reset', async () => {
    const { fixture, operator } = begun();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    await operator.drive();
    fixture.cloudSql.operationError = undefined;
    await comesBack(fixture, operator);
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
    assert.match(
      findCondition(fixture.status.conditions, 'Ready')?.message ?? '',
      /^requestId "a" was called before, and its operation failed, 2026-\S+ \(op-1\), so nothing was called/,
    );
  });

  test('a requestId that comes back and was refused before is a real request', async () => {
    const { fixture, operator } = begun();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400) });
    await operator.drive();
    await comesBack(fixture, operator);
    assert.deepEqual(ends(fixture), ['Complete', 2]);
  });

  test('a requestId that comes back and was adopted by a finished object calls nothing', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    for (const id of ['a', 'b', 'a']) {
      give(fixture, id);
      await operator.drive();
    }
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
  });

  test('a requestId that comes back needs no precondition, no time and no resumption, since nothing will be called', async () => {
    const { fixture, operator } = begun();
    await operator.drive();
    give(fixture, 'b');
    await operator.drive();
    fixture.annotate({ [annotations.suspend]: 'true', 'helm.sh/hook': 'post-upgrade' });
    give(fixture, 'a', { preconditions: { notAfterTime: at(-1) } });
    await operator.drive();
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
  });

  test('a requestId that comes back publishes and rolls nothing while its namespace is not permitted, and ends when it is', async () => {
    const { fixture, operator } = begun();
    await operator.drive();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    give(fixture, 'b');
    await operator.drive();
    const { settings } = operator.context;
    operator.context = { ...operator.context, settings: { ...settings, allowedInstances: [] } };
    const before = fixture.objects.writes;
    fixture.after(1_000_000, () => {
      assert.deepEqual([fixture.end, fixture.objects.writes], ['NotPermitted', before]);
      operator.context = { ...operator.context, settings };
    });
    give(fixture, 'a');
    await operator.drive();
    assert.deepEqual(ends(fixture), ['AlreadyExecuted', 2]);
  });

  test("a requestId that comes back is called again by a person's retry where its operation failed, and by nothing else", async () => {
    const { fixture, operator } = begun();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    await operator.drive();
    fixture.cloudSql.operationError = undefined;
    fixture.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(ends(fixture), ['Complete', 2]);
  });

  test('a requestId that comes back is a new request where the status was wiped: nothing is remembered', async () => {
    const { fixture, operator } = begun();
    await operator.drive();
    await fixture.resets.updateStatus(fixture.reset, {});
    await operator.drive();
    assert.deepEqual(ends(fixture), ['Complete', 2]);
  });
});
