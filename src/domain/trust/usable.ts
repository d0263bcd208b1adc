/** What of a spec neither this operator nor the API server could use: the CRD refuses it, but one of another version may not. */

import type { DistributionSpec, ServerCaSpec, WantedCertificate } from './distribution.ts';
import { rolloutSelector } from './label-selector.ts';
import { PUBLISHED_KINDS, publishedKinds } from './published-kinds.ts';

const DNS_LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const DNS_SUBDOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const LABEL_NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

interface Rule {
  readonly holds: (text: string) => boolean;
  readonly expected: string;
}

const objectName: Rule = {
  holds: (text) => text.length <= 253 && DNS_SUBDOMAIN.test(text),
  expected:
    'the name of an object: lower-case letters, digits, "-" and ".", a letter or digit on both sides of each "."',
};

/** JavaScript alone has something against the last one: the client library drops it. */
const dataKey: Rule = {
  holds: (text) =>
    /^[-._a-zA-Z0-9]{1,253}$/.test(text) && text !== '.' && !text.startsWith('..') && text !== '__proto__',
  expected: 'a key of a Secret or ConfigMap: letters, digits, "-", "_" and "."',
};

const labelValue: Rule = {
  holds: (text) => text === '' || LABEL_NAME.test(text),
  expected: 'a label value: up to 63 letters, digits, "-", "_" and ".", a letter or digit at both ends',
};

const labelKey: Rule = {
  holds: (text) => {
    const [name = '', prefix, ...others] = text.split('/').toReversed();
    return others.length === 0 && LABEL_NAME.test(name) && (prefix === undefined || objectName.holds(prefix));
  },
  expected: 'a label key: a name like a label value, with or without a DNS subdomain and "/" before it',
};

/** A later version of the CRD may know more. */
const serverCaFormat: Rule = {
  holds: (text) => ['PKCS12', 'JKS', 'DER'].includes(text),
  expected: 'a format that this version of the operator knows: PKCS12, JKS or DER',
};

const certificateFormat: Rule = {
  holds: (text) => ['PKCS12', 'PKCS8', 'CombinedPEM', 'TLS'].includes(text),
  expected: 'a format that this version of the operator knows: PKCS12, PKCS8, CombinedPEM or TLS',
};

/** Readers differ in what they make of any other character. */
export const storePassword: Rule = {
  holds: (text) => /^[ -~]{0,128}$/.test(text),
  expected: 'up to 128 printable ASCII characters',
};

interface Field {
  readonly path: string;
  readonly text: string | undefined;
  readonly rule: Rule;
}

/** The first field that cannot be used, as a message with the way out; undefined: all can. */
export function unusableField(spec: DistributionSpec): string | undefined {
  const wrong = fieldsOf(spec).find(({ text, rule }) => text !== undefined && !rule.holds(text));
  return wrong && `${wrong.path} cannot be ${JSON.stringify(wrong.text)}: correct it to ${wrong.rule.expected}`;
}

function fieldsOf(spec: DistributionSpec): readonly Field[] {
  const { serverCa, clientCertificates = [], rollout } = spec;
  const targets = rollout.targets ?? [];
  return [
    ...publishedKinds.map((kind) => {
      const { field } = PUBLISHED_KINDS[kind];
      return { path: `serverCa.${field}`, text: serverCa?.[field], rule: objectName };
    }),
    { path: 'serverCa.key', text: serverCa?.key, rule: dataKey },
    ...(serverCa?.additionalFormats ?? []).flatMap(formatFields),
    ...clientCertificates.map(({ secretName }, index) => ({
      path: `clientCertificates[${index}].secretName`,
      text: secretName,
      rule: objectName,
    })),
    ...clientCertificates.flatMap(({ additionalFormats = [] }, index) =>
      additionalFormats.flatMap((format, n) =>
        certificateFormatFields(format, `clientCertificates[${index}].additionalFormats[${n}]`),
      ),
    ),
    ...(rollout.disabled ? [] : [...targets.map(targetField), ...selectorFields(spec)]),
  ];
}

type ServerCaFormat = NonNullable<ServerCaSpec['additionalFormats']>[number];

function formatFields({ format, key, password }: ServerCaFormat, index: number): readonly Field[] {
  const path = `serverCa.additionalFormats[${index}]`;
  return [
    { path: `${path}.format`, text: format, rule: serverCaFormat },
    { path: `${path}.key`, text: key, rule: dataKey },
    { path: `${path}.password`, text: password, rule: storePassword },
  ];
}

type CertificateFormat = NonNullable<WantedCertificate['additionalFormats']>[number];

function certificateFormatFields(
  { format, key, passwordSecretRef }: CertificateFormat,
  path: string,
): readonly Field[] {
  const hasKey = format !== 'TLS';
  const hasPassword = format === 'PKCS12';
  return [
    { path: `${path}.format`, text: format, rule: certificateFormat },
    { path: `${path}.key`, text: hasKey ? (key ?? '') : undefined, rule: dataKey },
    {
      path: `${path}.passwordSecretRef.name`,
      text: hasPassword ? (passwordSecretRef?.name ?? '') : undefined,
      rule: objectName,
    },
    {
      path: `${path}.passwordSecretRef.key`,
      text: hasPassword ? (passwordSecretRef?.key ?? '') : undefined,
      rule: dataKey,
    },
  ];
}

const targetField = ({ name }: { readonly name: string }, index: number): Field => ({
  path: `rollout.targets[${index}].name`,
  text: name,
  rule: objectName,
});

function selectorFields(spec: DistributionSpec): readonly Field[] {
  const { matchLabels = {}, matchExpressions = [] } = rolloutSelector(spec);
  const path = 'rollout.selector';
  return [
    ...Object.entries(matchLabels).flatMap(([key, value]) => [
      { path: `${path}.matchLabels`, text: key, rule: labelKey },
      { path: `${path}.matchLabels[${key}]`, text: value, rule: labelValue },
    ]),
    ...matchExpressions.flatMap(({ key, values = [] }, index) => [
      { path: `${path}.matchExpressions[${index}].key`, text: key, rule: labelKey },
      ...values.map((value) => ({ path: `${path}.matchExpressions[${index}].values`, text: value, rule: labelValue })),
    ]),
  ];
}
