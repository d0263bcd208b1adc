// Generates the TypeScript types of each kind from its CRD, the one source; with --check it only compares.
import { compile } from 'json-schema-to-typescript';
import { writeOrCheck } from './generated.ts';
import { fromRoot, readKinds } from './kinds.ts';

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

async function generate({ names, versions: [version] }: Awaited<ReturnType<typeof readKinds>>[number]['spec']) {
  const { spec, status } = version.schema.openAPIV3Schema.properties;
  const options = {
    bannerComment: '',
    additionalProperties: false,
    format: true,
    style: { singleQuote: true, printWidth: 120 },
  };
  const sources = await Promise.all(
    Object.entries({ Spec: spec, Status: status }).map(([part, schema]) => {
      const title = `${names.kind}${part}`;
      return compile({ ...asRead(schema), title }, title, options);
    }),
  );
  return ['// Generated from crds/ by `npm run generate`. Do not edit.', ...sources].join('\n');
}

for (const { spec, types } of await readKinds()) {
  await writeOrCheck(fromRoot(types), await generate(spec), types, 'crds/');
}
