// Generates the API reference of each kind from its CRD, and from the reasons of conditions; with --check it only compares.
import { annotations, INSTANCE_LABEL } from '../src/domain/object.ts';
import { writeOrCheck } from './generated.ts';
import { fromRoot, readKinds } from './kinds.ts';
import { type Reason, readReasons } from './reasons.ts';

interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** Every field, each before those below it. */
function fieldsOf(schema: Schema, path: string): readonly Field[] {
  const { properties = {}, required = [] } = schema.items ?? schema;
  const parent = path === '' ? '' : `${path}${schema.items === undefined ? '' : '[]'}.`;
  return Object.entries(properties).flatMap(([name, field]) => {
    const own = `${parent}${name}`;
    return [{ path: own, schema: field, isRequired: required.includes(name) }, ...fieldsOf(field, own)];
  });
}

/** Of the object itself, of its fields, and of the items of its lists. */
function rulesOf(schema: Schema, path: string): readonly { readonly path: string; readonly rule: Rule }[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({
    path: `${path}${rule.fieldPath ?? ''}`,
    rule,
  }));
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => rulesOf(field, `${path}.${name}`));
  return [...own, ...inner, ...(schema.items === undefined ? [] : rulesOf(schema.items, `${path}[]`))];
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head.join(' | '), ...rows.map((row) => row.map(cell).join(' | '))]
    .map((row) => `| ${row} |`)
    .toSpliced(1, 0, `|${'---|'.repeat(head.length)}`)
    .join('\n');

function typeOf({ type, format, items, additionalProperties }: Schema): string {
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (additionalProperties !== undefined) return `map of ${typeOf(additionalProperties)}`;
  return format === undefined ? type : `${type} (${format})`;
}

/** What an object is refused for, as far as no rule says it. */
function boundsOf(schema: Schema): string {
  const { minLength, maxLength, minimum, maximum, maxItems, maxProperties, pattern } = schema;
  const values = schema.enum ?? schema.items?.enum;
  const length = minLength === maxLength ? `${maxLength}` : `${minLength ?? 0} to ${maxLength}`;
  return [
    values === undefined ? '' : values.map(code).join(', '),
    maxLength === undefined ? '' : `${length} characters`,
    maximum === undefined ? '' : `${minimum} to ${maximum}`,
    maxItems === undefined ? '' : `at most ${maxItems} items`,
    maxProperties === undefined ? '' : `at most ${maxProperties} entries`,
    pattern === undefined ? '' : code(pattern),
  ]
    .filter((part) => part !== '')
    .join('; ');
}

const fallback = (schema: Schema): string => (schema.default === undefined ? '' : code(JSON.stringify(schema.default)));

const specTable = (spec: Schema): string =>
  table(
    ['field', 'type', 'default', 'allowed', 'meaning'],
    fieldsOf(spec, '').map(({ path, schema, isRequired }) => [
      code(path),
      typeOf(schema),
      isRequired ? 'required' : fallback(schema),
      boundsOf(schema),
      schema.description ?? '',
    ]),
  );

const statusTable = (status: Schema): string =>
  table(
    ['field', 'type', 'meaning'],
    fieldsOf(status, '').map(({ path, schema }) => [code(path), typeOf(schema), schema.description ?? '']),
  );

const ruleTable = (spec: Schema): string =>
  table(
    ['field', 'rule (CEL)', 'message'],
    rulesOf(spec, 'spec').map(({ path, rule }) => [code(path), code(rule.rule), rule.message]),
  );

const columnTable = (columns: readonly Column[]): string =>
  table(
    ['column', 'shown', 'from'],
    columns.map(({ name, jsonPath, priority = 0 }) => [name, priority === 0 ? 'always' : '`-o wide`', code(jsonPath)]),
  );

const CONDITIONS: Readonly<Record<string, string>> = {
  ReadyReason: 'Ready',
  ProgressReason: 'Reconciling',
  WaitingReason: 'Reconciling, and Ready',
  StalledReason: 'Stalled, and Ready',
  StepReason: 'a step',
  RotationReason: 'ServerCaRotated',
};

const reasonTable = (reasons: readonly Reason[], { conditionsOf }: Kind): string =>
  table(
    ['reason', 'of', 'meaning'],
    Object.entries(CONDITIONS).flatMap(([union, condition]) =>
      reasons
        .filter((reason) => reason.union === union)
        .map(({ name, meaning }) => [
          `[${code(name)}](troubleshooting.md#${name.toLowerCase()})`,
          conditionsOf(name) ?? condition,
          meaning,
        ]),
    ),
  );

const ALLOWED_INSTANCES = [
  'the Namespace',
  code(annotations.allowedInstances),
  'Globs of `project/instance`, separated by commas, where `*` matches all but `/`: what its objects may reset, rotate and follow',
];

/** Those of one kind alone. */
const OWN_ANNOTATIONS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  CloudSqlServerCa: [
    ALLOWED_INSTANCES,
    [
      'the Namespace',
      code(annotations.rotatableInstances),
      'The same: the instances whose CA its objects may rotate and follow, and not reset',
    ],
    [
      'the Namespace',
      code(annotations.followableInstances),
      'The same: what its objects may follow, and neither rotate nor reset',
    ],
    [
      'the object',
      code(annotations.suspend),
      '`"true"` holds back a call that was not yet made, but never a switch back; so does every other value but `"false"`, and the message says that it was not understood',
    ],
    [
      'the object',
      code(annotations.retry),
      'A new value has a stalled rotation go on, and judges a stalled roll again; an empty one does nothing',
    ],
    [
      'a Secret or ConfigMap',
      code(annotations.rejectedServerCas),
      'Written by the operator: the CAs that were switched back from, so that they are not taken again even if the status is lost',
    ],
  ],
  CloudSqlSslReset: [
    ALLOWED_INSTANCES,
    [
      'the object',
      code(annotations.suspend),
      '`"true"` holds back a reset that was not yet called; so does every other value but `"false"`, and the message says that it was not understood',
    ],
    ['the object', code(annotations.retry), 'A new value tries a stalled request again; an empty one does nothing'],
    ['a Secret', code(annotations.passwordFor), 'Name of the object that may take the password of a keystore from it'],
  ],
};

const ANNOTATIONS: readonly (readonly string[])[] = [
  [
    'the Namespace',
    code(annotations.windows),
    '[Windows](windows.md#windows-of-an-administrator), as JSON, outside of which no object in it begins a call',
  ],
  [
    'the Namespace',
    code(annotations.approval),
    '`Manual`, or any other value but `Automatic`: each call of its objects waits for an [approval](approval.md#what-an-administrator-demands), whatever `spec.approval` says',
  ],
  ['the object', code(annotations.approve), 'The id of the plan that may be executed ([approval](approval.md))'],
  [
    'a workload',
    code(annotations.rollout),
    '`disabled`: it is not rolled. Nor is it with any other value: `ManualActionRequired`, whose message says that it was not understood',
  ],
  [
    'a workload',
    code(annotations.wave),
    'The wave in which it rolls, a whole number; default 0, lower ones first. One that is not understood is the last wave, and the row says so',
  ],
  [
    'a workload',
    code(annotations.pickUp),
    '`Reload`: its pods stay, and are told to read the files again; `Restart`: they are replaced. It takes precedence over `rollout.pickUp` of every object. One that is not understood restarts, and the row says so',
  ],
  ['a workload (label)', code(INSTANCE_LABEL), 'The instance id, where `rollout.selector` is left out'],
  [
    'a Secret or ConfigMap',
    code(annotations.managedBy),
    'The object that publishes to it: a CloudSqlSslReset by its name, a CloudSqlServerCa as `CloudSqlServerCa/NAME`; on one that is there already it hands it over',
  ],
];

type Kind = Awaited<ReturnType<typeof readKinds>>[number];

async function generate(kind: Kind): Promise<string> {
  const { spec, hasReason } = kind;
  const { group, names, scope, versions } = spec;
  const [{ name: version, schema, additionalPrinterColumns, selectableFields }] = versions;
  const { description, properties } = schema.openAPIV3Schema;
  const selectable = selectableFields.map(({ jsonPath }: Column) => code(jsonPath)).join(', ');
  return `<!-- Generated from crds/ and src/domain/reasons.ts by \`npm run generate\`. Do not edit. -->
# API reference

\`${group}/${version}\`, kind \`${names.kind}\`, ${scope.toLowerCase()}. ${cell(description)}

Its names for kubectl: ${[names.plural, names.singular, ...names.shortNames].map(code).join(', ')}; its category: ${names.categories.map(code).join(', ')}.
\`--field-selector\` knows ${selectable}. \`kubectl explain ${names.singular}.spec\` shows the same as this page. Complete
objects are in [examples](examples/).

## Spec

${specTable(properties.spec)}

The API server writes defaults into the object, so a default in Git changes nothing.

## Rules

The API server also refuses what breaks one of these rules:

${ruleTable(properties.spec)}

## Status

Default: ${fallback(properties.status)}. Foreign text is cut to its bound. No field has an enum or a pattern, so that no future
answer of Cloud SQL makes a status write fail.

${statusTable(properties.status)}

## Conditions

\`Reconciling\` and \`Stalled\` are present only while they are true, and never both. A condition of a step is present only if
the spec asks for the step. Each reason has its section in [troubleshooting](troubleshooting.md).

${reasonTable(
  (await readReasons()).filter(({ name }) => hasReason(name)),
  kind,
)}

Until a step is done, its condition has the reason of \`Ready\` or \`Reconciling\`.

## Annotations and labels

They are not part of the spec: changing one is no new generation of it.

${table(['on', 'key', 'meaning'], [...(OWN_ANNOTATIONS[names.kind] ?? []), ...ANNOTATIONS])}

## Printer columns

${columnTable(additionalPrinterColumns)}
`;
}

for (const kind of await readKinds()) {
  const { page } = kind;
  await writeOrCheck(fromRoot(page), await generate(kind), page, 'crds/ or src/domain/reasons.ts');
}
