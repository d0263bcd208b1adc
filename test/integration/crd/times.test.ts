import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parse } from 'yaml';
import { timeOf } from '../../../src/lib/time.ts';
import { untilEstablished } from '../../cluster/established.ts';
import { sharedCluster } from '../../support/kubernetes/shared-cluster.ts';

const CRD = fileURLToPath(new URL('../../../crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', import.meta.url));
const SCRATCH = 'timetables.test.cloudsql-ssl.dev';

/** A list of times under the very schema of notAfterTime: the API server's word on many of them with one request. */
async function scratchCrd(): Promise<object> {
  const crd = parse(await readFile(CRD, 'utf8'));
  const { preconditions } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
  const time = { ...preconditions.properties.notAfterTime, maxLength: 64 };
  const row = {
    type: 'object',
    properties: { text: time, instant: { type: 'string', maxLength: 64 } },
    'x-kubernetes-validations': [
      {
        rule: "!has(self.instant) || timestamp(self.text) - timestamp(self.instant) < duration('1ms') && timestamp(self.text) >= timestamp(self.instant)",
        message: 'another instant',
      },
    ],
  };
  const schema = { type: 'object', properties: { rows: { type: 'array', maxItems: 500, items: row } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: SCRATCH },
    spec: {
      group: 'test.cloudsql-ssl.dev',
      scope: 'Namespaced',
      names: { kind: 'Timetable', plural: 'timetables', singular: 'timetable' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

before(async () => {
  const { kubectl } = await sharedCluster();
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(await scratchCrd()));
  await untilEstablished(kubectl, SCRATCH);
});

interface Row {
  readonly text: string;
  readonly instant?: string;
}

/** The texts of the rows that the API server refuses. It looks at the rules of CEL only where the rest of the schema holds. */
async function refusedOf(rows: readonly Row[]): Promise<readonly string[]> {
  const refused = await refusedAtOnce(rows);
  const others = rows.filter(({ text }) => !refused.includes(text));
  return refused.length === 0 ? [] : [...refused, ...(await refusedOf(others))];
}

async function refusedAtOnce(rows: readonly Row[]): Promise<readonly string[]> {
  const { kubectl } = await sharedCluster();
  const manifest = { apiVersion: 'test.cloudsql-ssl.dev/v1', kind: 'Timetable', metadata: { name: 'times' }, rows };
  const create = kubectl(['create', '--namespace=default', '--dry-run=server', '-f', '-'], JSON.stringify(manifest));
  const message = await create.then(
    () => '',
    (error: unknown) => String(error),
  );
  assert.ok(message === '' || message.includes('rows['), message);
  const refused = new Set([...message.matchAll(/rows\[(\d+)\]/g)].map(([, index]) => Number(index)));
  return rows.flatMap(({ text }, index) => (refused.has(index) ? [text] : []));
}

const ODD = [
  '2026-11-28T17:00:00Z',
  '2026-11-28T17:00:00.5Z',
  '2026-11-28T17:00:00.000999999999Z',
  '1960-01-01T00:00:00.9999999Z',
  '2026-11-28T18:00:00+01:00',
  '2026-11-28T17:00:00-00:00',
  '2026-11-28T17:00:00+23:59',
  '1000-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59Z',
  '9999-12-31T23:59:59-00:01',
  '2024-02-29T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-11-28T17:00:00,123456789+00:00',
  '2026-11-28T17:00:00.Z',
  '2026-11-28T17:00:00+24:00',
  '2026-11-28T17:00:00+25:00',
  '2026-11-28T17:00:00+01:60',
  '2026-11-28T17:00:00+0100',
  '2026-11-28T17:00:00',
  '2026-11-28T24:00:00Z',
  '2026-11-28T23:60:00Z',
  '2016-12-31T23:59:60Z',
  '2026-11-28t17:00:00Z',
  '2026-11-28T17:00:00z',
  '2026-11-28 17:00:00Z',
  '2026-11-28T17:00:00Z ',
  '2026-11-28T17:00:00Z\n',
  '2026-11-28T17:00:00Z until lunch',
  '2026-11-28T17:00:00Zt17:00:00Z',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '0999-12-31T23:59:59Z',
  '10000-01-01T00:00:00Z',
  '+020266-11-28T17:00:00Z',
  '2026-332T17:00:00Z',
  '2026-W48-6T17:00:00Z',
  '٢026-11-28T17:00:00Z',
  '',
];

const two = (max: number) => fc.integer({ min: 0, max }).map((count) => String(count).padStart(2, '0'));

/** Near to a time, on both sides of the line. */
const nearly: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('2026', '2024', '1969', '1000', '0999', '9999', '10000'),
    two(13),
    two(32),
    fc.constantFrom('T', 't', ' '),
    two(24),
    two(60),
    two(60),
    fc.constantFrom('', '.', '.1', ',5', '.000999999999', '.123456789012345678'),
    fc.oneof(
      fc.constantFrom('Z', 'z', ''),
      fc
        .tuple(fc.constantFrom('+', '-'), two(25), two(60))
        .map(([sign, hours, minutes]) => `${sign}${hours}:${minutes}`),
    ),
  )
  .map(([year, month, day, t, hours, minutes, seconds, fraction, zone]) =>
    `${year}-${month}-${day}${t}${hours}:${minutes}:${seconds}${fraction}${zone}`.slice(0, 64),
  );

describe('notAfterTime, as the API server takes it and as the operator reads it', () => {
  const texts = [...new Set([...ODD, ...fc.sample(nearly, { numRuns: 400, seed: 1 })])];
  const readable = texts.filter((text) => timeOf(text) !== undefined);

  test('the API server refuses exactly what the operator cannot read', async () => {
    assert.ok(readable.length > 20 && readable.length < texts.length - 20);
    const refused = await refusedOf(texts.map((text) => ({ text })));
    const unreadable = texts.filter((text) => timeOf(text) === undefined);
    assert.deepEqual(refused.toSorted(), unreadable.toSorted());
  });

  test('whatever the API server takes the operator reads as the same instant, to the millisecond', async () => {
    const rows = readable.map((text) => ({ text, instant: new Date(timeOf(text) ?? 0).toISOString() }));
    assert.deepEqual(await refusedOf(rows), []);
  });
});
