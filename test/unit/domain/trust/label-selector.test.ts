import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LabelSelector } from '../../../../src/domain/trust/distribution.ts';
import { matchesSelector, rolloutSelector, selectorQuery } from '../../../../src/domain/trust/label-selector.ts';
import { aSpec } from '../../../support/fakes/builders.ts';

type Operator = NonNullable<LabelSelector['matchExpressions']>[number]['operator'];

const one = (operator: Operator, ...values: readonly string[]): LabelSelector => ({
  matchExpressions: [{ key: 'tier', operator, ...(values.length > 0 && { values }) }],
});

const rows: readonly (readonly [LabelSelector, string, Readonly<Record<string, string>>, boolean])[] = [
  [{ matchLabels: { app: 'api' } }, 'app=api', { app: 'api', tier: 'x' }, true],
  [{ matchLabels: { app: 'api', tier: 'x' } }, 'app=api,tier=x', { app: 'api' }, false],
  [{ matchLabels: { app: 'api' } }, 'app=api', {}, false],
  [one('In', 'a', 'b'), 'tier in (a,b)', { tier: 'b' }, true],
  [one('In', 'a', 'b'), 'tier in (a,b)', { tier: 'c' }, false],
  [one('In', 'a'), 'tier in (a)', {}, false],
  [one('NotIn', 'a'), 'tier notin (a)', { tier: 'b' }, true],
  [one('NotIn', 'a'), 'tier notin (a)', { tier: 'a' }, false],
  [one('NotIn', 'a'), 'tier notin (a)', {}, true],
  [one('Exists'), 'tier', { tier: '' }, true],
  [one('Exists'), 'tier', {}, false],
  [one('DoesNotExist'), '!tier', {}, true],
  [one('DoesNotExist'), '!tier', { tier: '' }, false],
  [{ matchLabels: { app: 'api' }, ...one('Exists') }, 'app=api,tier', { app: 'api' }, false],
  [{}, '', { app: 'api' }, true],
];

describe('a label selector', () => {
  for (const [selector, query, labels, matches] of rows) {
    test(`'${query}' ${matches ? 'matches' : 'does not match'} ${JSON.stringify(labels)}, and is asked for as such`, () => {
      assert.equal(matchesSelector(selector, labels), matches);
      assert.equal(selectorQuery(selector), query);
    });
  }
  test('a label selector never takes what every JavaScript object inherits for a label', () => {
    const inherited = fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype));
    const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist');
    fc.assert(
      fc.property(inherited, operator, (key, operatorName) => {
        const requirement = { key, operator: operatorName, ...(operatorName.endsWith('In') && { values: ['x'] }) };
        const isAbsent = operatorName === 'NotIn' || operatorName === 'DoesNotExist';
        const selector: LabelSelector = { matchExpressions: [requirement] };
        assert.equal(matchesSelector(selector, { app: 'api' }), isAbsent);
        assert.equal(matchesSelector(selector, Object.fromEntries([[key, 'x']])), !isAbsent);
        assert.equal(matchesSelector({ matchLabels: Object.fromEntries([[key, 'x']]) }, {}), false);
      }),
    );
  });
  test('a label selector is the label of the instance where the spec has none', () =>
    assert.equal(selectorQuery(rolloutSelector(aSpec())), 'cloudsql-ssl.dev/instance=orders-db'));
  test('a label selector is the one of the spec where it has one', () =>
    assert.equal(selectorQuery(rolloutSelector(aSpec({ rollout: { selector: one('Exists') } }))), 'tier'));
});
