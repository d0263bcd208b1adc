import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type LabelSelector,
  matchesSelector,
  rolloutSelector,
  selectorQuery,
} from '../../../src/domain/label-selector.ts';
import { aSpec } from '../support/builders.ts';

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
  test('is the label of the instance where the spec has none', () =>
    assert.equal(selectorQuery(rolloutSelector(aSpec())), 'cloudsql-ssl.dev/instance=orders-db'));
  test('is the one of the spec where it has one', () =>
    assert.equal(selectorQuery(rolloutSelector(aSpec({ rollout: { selector: one('Exists') } }))), 'tier'));
});
