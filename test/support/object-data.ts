import { textOf, utf8 } from '../../src/lib/bytes.ts';
import type { ObjectData } from '../../src/reconcile/ports.ts';

type Texts = Readonly<Record<string, string>>;

export const toBytes = (texts: Texts): ObjectData =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, utf8(text)]));

export const toTexts = (data: ObjectData): Texts =>
  Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, textOf(bytes)]));
