/** May this namespace reset this instance? Denied unless an administrator allowed it. */
import { oneLine } from '../lib/one-line.ts';
import { shell } from '../lib/shell.ts';
import type { InstanceRef } from './instance.ts';
import { instanceKey } from './instance.ts';
import { annotations } from './object.ts';

/** One entry of `--allowed-instances`: a glob of `project/instance`, for one namespace or, without one, for all. */
export interface AllowedInstances {
  readonly namespace?: string;
  readonly pattern: string;
}

/**
 * `*` matches any characters but `/`; everything else stands for itself. The pattern may be a tenant's: the work is at
 * most the product of both lengths, since the earliest place of each literal leaves the most to those after it.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const patterns = pattern.split('/');
  const texts = text.split('/');
  return patterns.length === texts.length && patterns.every((each, index) => matchesSegment(each, texts[index] ?? ''));
}

function matchesSegment(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return pattern === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let rest = text.slice(first.length, text.length - last.length);
  for (const literal of others) {
    const at = rest.indexOf(literal);
    if (at < 0) return false;
    rest = rest.slice(at + literal.length);
  }
  return true;
}

export const parsePatterns = (list: string): readonly string[] =>
  list
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');

/** What of a Namespace decides. */
export interface NamespaceView {
  readonly annotations: Readonly<Record<string, string>>;
  readonly isBeingDeleted: boolean;
}

export interface PermissionQuestion {
  readonly namespace: string;
  readonly instance: InstanceRef;
  /** Undefined where the operator may not read it: then the flag alone decides. */
  readonly view: NamespaceView | undefined;
  readonly allowedInstances: readonly AllowedInstances[];
}

export type Permission = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

export function permission(question: PermissionQuestion): Permission {
  const { namespace, instance, view, allowedInstances } = question;
  // Its objects go too, each in its turn: none of them has to say so yet.
  if (view?.isBeingDeleted === true) return { allowed: false, message: `Namespace ${namespace} is being deleted` };
  const key = instanceKey(instance);
  const byFlag = allowedInstances
    .filter((entry) => entry.namespace === undefined || entry.namespace === namespace)
    .map((entry) => entry.pattern);
  const byAnnotation = parsePatterns(view?.annotations[annotations.allowedInstances] ?? '');
  if ([...byFlag, ...byAnnotation].some((pattern) => matchesGlob(pattern, key))) return { allowed: true };
  return { allowed: false, message: denial(namespace, key, view !== undefined, byAnnotation) };
}

/** What an entry must look like to fit any instance. */
const PATTERN = /^[a-z0-9.:*-]+\/[a-z0-9*-]+$/;

/** Entries that are not understood are named, and not taken along into the command. */
function denial(namespace: string, key: string, readsNamespace: boolean, patterns: readonly string[]): string {
  const problem = `Namespace ${namespace} is not allowed to reset ${key}`;
  if (!readsNamespace) {
    return `${problem}. An administrator allows it by the operator's flag: ${shell`--allowed-instances=${namespace}=${key}`}`;
  }
  const understood = patterns.filter((pattern) => PATTERN.test(pattern));
  const unclear = patterns.filter((pattern) => !PATTERN.test(pattern)).map((pattern) => JSON.stringify(pattern));
  const ignored =
    unclear.length === 0 ? '' : `. Not understood, and so without effect: ${oneLine(unclear.join(', '), 200)}`;
  const value = `${annotations.allowedInstances}=${[...understood, key].join(',')}`;
  return `${problem}${ignored}. An administrator allows it with: ${shell`kubectl annotate namespace ${namespace} --overwrite ${value}`}`;
}
