// Generates the TypeScript types of CloudSqlSslReset from the CRD, the one source; with --check it only compares.
import { readFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';
import { writeOrCheck } from './generated.ts';

const CRD = new URL('../crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', import.meta.url);
const TYPES = new URL('../src/domain/ssl-reset.generated.ts', import.meta.url);

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; items?: Schema; required?: string[] };

/** A field with a default is always there once the API server has seen the object; bounds say nothing in a type. */
function asRead(schema: Schema): Schema {
  const { maxItems: _max, minItems: _min, ...rest } = schema;
  const properties = Object.entries(schema.properties ?? {});
  const defaulted = properties.filter(([, field]) => 'default' in field).map(([name]) => name);
  return {
    ...rest,
    ...(schema.items && { items: asRead(schema.items) }),
    ...(properties.length > 0 && {
      additionalProperties: false,
      properties: Object.fromEntries(properties.map(([name, field]) => [name, asRead(field)])),
      required: [...new Set([...(schema.required ?? []), ...defaulted])],
    }),
  };
}

async function generate(): Promise<string> {
  const crd = parse(await readFile(CRD, 'utf8'));
  const { spec, status } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  const options = {
    bannerComment: '',
    additionalProperties: false,
    format: true,
    style: { singleQuote: true, printWidth: 120 },
  };
  const sources = await Promise.all([
    compile({ ...asRead(spec), title: 'CloudSqlSslResetSpec' }, 'CloudSqlSslResetSpec', options),
    compile({ ...asRead(status), title: 'CloudSqlSslResetStatus' }, 'CloudSqlSslResetStatus', options),
  ]);
  return ['// Generated from crds/ by `npm run generate`. Do not edit.', ...sources].join('\n');
}

await writeOrCheck(TYPES, await generate(), 'src/domain/ssl-reset.generated.ts', 'crds/');
