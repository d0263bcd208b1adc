import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTEREXAMPLES } from '../../model/counterexamples.ts';
import { GUARD_SCENARIOS } from '../../model/guard-scenarios.ts';
import { run } from '../../model/run.ts';
import { QUIET } from '../../model/scenario.ts';
import { search } from '../../model/search.ts';

test('where nothing goes wrong, one call is made and the object is Ready', async () => {
  const { broken, seen } = await run(QUIET);
  assert.equal(broken, undefined);
  assert.deepEqual([...seen].toSorted(), ['a request begins', 'end: CA judged', 'end: Ready Complete', 'recorded']);
});

test('no scenario breaks an invariant, in a small search', async () => {
  const { found } = await search({ runs: 500, seed: Date.now() % 1_000_000 });
  assert.equal(found, undefined, JSON.stringify(found));
});

for (const { name, scenario } of COUNTEREXAMPLES) {
  test(name, async () => {
    assert.equal((await run(scenario)).broken, undefined);
  });
}

for (const { name, scenario } of GUARD_SCENARIOS) {
  test(`guard: ${name}`, async () => {
    assert.equal((await run(scenario)).broken, undefined);
  });
}
