/** Places that name the kinds of workloads and cannot import the table of them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { WORKLOAD_KINDS, workloadKinds } from '../../../src/domain/trust/workload-kinds.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const CHART = 'charts/cloudsql-ssl-operator';

const CRDS = ['cloudsqlsslresets', 'cloudsqlservercas'];

async function rolloutSchema(plural: string) {
  const crd = parse(await read(`crds/cloudsql-ssl.dev_${plural}.yaml`));
  return crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.rollout.properties;
}

describe('the kinds of workloads are those of WORKLOAD_KINDS', () => {
  for (const plural of CRDS) {
    test(`the kinds of workloads are those of WORKLOAD_KINDS in the CRD of ${plural}, where rollout.kinds has room for all of them`, async () => {
      const { kinds, targets } = await rolloutSchema(plural);
      assert.deepEqual(kinds.items.enum, workloadKinds);
      assert.equal(kinds.maxItems, workloadKinds.length);
      assert.deepEqual(targets.items.properties.kind.enum, workloadKinds);
    });
  }

  test("the kinds of workloads are those of WORKLOAD_KINDS in the chart's value workloadKinds, and in what its schema takes", async () => {
    const { workloadKinds: value } = parse(await read(`${CHART}/values.yaml`));
    assert.deepEqual(value, workloadKinds);
    const { properties } = JSON.parse(await read(`${CHART}/values.schema.json`));
    assert.deepEqual(properties.workloadKinds.items.enum, workloadKinds);
  });

  test("the kinds of workloads are those of WORKLOAD_KINDS in the chart's rules, each with the right to read and annotate it", async () => {
    const rules = await read(`${CHART}/templates/_helpers.tpl`);
    const [, others = ''] =
      /\{\{- with without \.Values\.workloadKinds (.*) \}\}\n- apiGroups: \[apps\]\n/.exec(rules) ?? [];
    for (const [kind, { group, plural }] of Object.entries(WORKLOAD_KINDS)) {
      if (group === 'apps') {
        assert.equal(plural, `${kind.toLowerCase()}s`, `the rule of apps makes no ${plural} of ${kind}`);
        continue;
      }
      assert.ok(others.split(' ').includes(`"${kind}"`), `the rule of apps takes ${kind} for one of its own`);
      const rule = [
        `{{- if has "${kind}" .Values.workloadKinds }}`,
        `- apiGroups: [${group}]`,
        `  resources: [${plural}]`,
        '  verbs: [get, list, watch, patch]',
      ].join('\n');
      assert.ok(rules.includes(rule), `no rule for ${kind}: ${rule}`);
    }
  });

  test('the kinds of workloads are those of WORKLOAD_KINDS in the table of docs/how-it-works.md that says when each is healthy', async () => {
    const [, table = ''] = (await read('docs/how-it-works.md')).split('| kind | healthy when |\n');
    const rows = (table.split('\n\n')[0] ?? '').split('\n').map((row) => /^\| (\w+)/.exec(row)?.[1]);
    assert.deepEqual(rows, [undefined, 'all', ...workloadKinds]);
  });

  test('the kinds of workloads are those of WORKLOAD_KINDS in the example of every kind', async () => {
    const { spec } = parse(await read('docs/examples/every-kind.yaml'));
    assert.deepEqual(spec.rollout.kinds, workloadKinds);
  });
});
