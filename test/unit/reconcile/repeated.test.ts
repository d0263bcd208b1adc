import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { at } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { rejection, Scene } from '../support/scene.ts';

const give = (scene: Scene, requestId: string, spec = {}): void =>
  scene.resets.edit(scene.ref, { spec: { requestId, ...spec } });
const begun = (parts = {}): { readonly scene: Scene; readonly operator: Operator } => {
  const scene = new Scene({ spec: { requestId: 'a', ...parts } });
  return { scene, operator: new Operator(scene) };
};
const ends = (scene: Scene) => [scene.end, scene.cloudSql.executed];

describe('a requestId that comes back', () => {
  test('after another one was executed calls nothing, publishes and rolls, and says which value it is', async () => {
    const { scene, operator } = begun();
    await operator.drive();
    give(scene, 'b');
    await operator.drive();
    give(scene, 'a', { serverCa: { secretName: 'other', key: 'ca.pem', contents: 'All' } });
    await operator.drive();
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
    const published = await scene.objects.get({ kind: 'Secret', namespace: 'orders', name: 'other' });
    assert.deepEqual(published?.data, { 'ca.pem': 'CA 3\n' });
    const message = findCondition(scene.status.conditions, 'Ready')?.message ?? '';
    assert.match(message, /requestId "a" was executed before, 2026-\S+ \(op-1\).* never used before/);
    const { writes } = scene;
    operator.restart();
    await operator.resync();
    assert.deepEqual([...ends(scene), scene.writes], ['AlreadyExecuted', 2, writes]);
  });

  test('while the operation of the other one still runs waits for its end, and calls nothing', async () => {
    const { scene, operator } = begun();
    await operator.drive();
    give(scene, 'b');
    scene.after(10_000, () => give(scene, 'a'));
    await operator.drive();
    assert.deepEqual([...ends(scene), await scene.publishedCa()], ['AlreadyExecuted', 2, 'CA 3\n']);
    assert.deepEqual(
      scene.status.history?.map(({ outcome }) => outcome),
      ['AlreadyExecuted', 'Superseded', 'Complete'],
    );
  });

  test('and was overtaken while its own operation ran calls nothing', async () => {
    const { scene, operator } = begun();
    scene.after(10_000, () => give(scene, 'b'));
    await operator.drive();
    give(scene, 'a');
    await operator.drive();
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
  });

  test('and whose outcome was given up as unknown calls nothing', async () => {
    const { scene, operator } = begun();
    scene.cloudSql.user = undefined;
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await operator.drive();
    give(scene, 'b');
    await operator.drive();
    give(scene, 'a');
    await operator.drive();
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
    assert.match(
      findCondition(scene.status.conditions, 'Ready')?.message ?? '',
      /was, or may have been, executed before/,
    );
  });

  test('and was refused before is a real request', async () => {
    const { scene, operator } = begun();
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400) });
    await operator.drive();
    give(scene, 'b');
    await operator.drive();
    give(scene, 'a');
    await operator.drive();
    assert.deepEqual(ends(scene), ['Complete', 2]);
  });

  test('and was adopted by a finished object calls nothing', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    for (const id of ['a', 'b', 'a']) {
      give(scene, id);
      await operator.drive();
    }
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
  });

  test('needs no precondition, no time and no resumption, since nothing will be called', async () => {
    const { scene, operator } = begun();
    await operator.drive();
    give(scene, 'b');
    await operator.drive();
    scene.annotate({ [annotations.suspend]: 'true', 'helm.sh/hook': 'post-upgrade' });
    give(scene, 'a', { preconditions: { notAfterTime: at(-1) } });
    await operator.drive();
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
  });

  test('publishes and rolls nothing while its namespace is not permitted, and ends when it is', async () => {
    const { scene, operator } = begun();
    await operator.drive();
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    give(scene, 'b');
    await operator.drive();
    const { settings } = operator.context;
    operator.context = { ...operator.context, settings: { ...settings, allowedInstances: [] } };
    const before = scene.objects.writes;
    scene.after(1_000_000, () => {
      assert.deepEqual([scene.end, scene.objects.writes], ['NotPermitted', before]);
      operator.context = { ...operator.context, settings };
    });
    give(scene, 'a');
    await operator.drive();
    assert.deepEqual(ends(scene), ['AlreadyExecuted', 2]);
  });

  test("is called again by a person's retry where its operation failed, and by nothing else", async () => {
    const { scene, operator } = begun();
    scene.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    await operator.drive();
    scene.cloudSql.operationError = undefined;
    scene.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(ends(scene), ['Complete', 2]);
  });

  test('is a new request where the status was wiped: nothing is remembered', async () => {
    const { scene, operator } = begun();
    await operator.drive();
    await scene.resets.updateStatus(scene.reset, {});
    await operator.drive();
    assert.deepEqual(ends(scene), ['Complete', 2]);
  });
});
