/** By what the index and the queue know an object: its namespace, name and kind, as one text. */
declare const brand: unique symbol;

/** Of an object of any kind; made by `keyOf` alone. */
export type Key = string & { readonly [brand]: never };

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** None of the three can hold a slash. */
const isKey = (text: string): text is Key => text.split('/').length === 3;

/** Joined: V8 holds a template's text as its parts, three times as large. */
export function keyOf(kind: string, { namespace, name }: Named): Key {
  const key = [namespace, name, kind].join('/');
  if (!isKey(key)) throw new Error(`${key} is the key of no object`);
  return key;
}

export const kindOf = (key: Key): string => key.slice(key.lastIndexOf('/') + 1);

export const namespaceOf = (key: Key): string => key.slice(0, key.indexOf('/'));

export function refOf(key: Key): Named {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

/** For people: `namespace/name`. */
export const nameIn = (key: Key): string => key.slice(0, key.lastIndexOf('/'));

/** For people: the kind, and `namespace/name`. */
export const describeKey = (key: Key): string => `${kindOf(key)} ${nameIn(key)}`;
