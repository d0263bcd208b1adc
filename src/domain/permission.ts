/** May this namespace reset this instance, rotate its CA, or follow it? Denied unless an administrator allowed it. */
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

/** Whether both allow the same. */
export const isSamePermission = (one: NamespaceView, other: NamespaceView): boolean =>
  one.isBeingDeleted === other.isBeingDeleted &&
  Object.values(RIGHTS).every(({ annotation }) => one.annotations[annotation] === other.annotations[annotation]);

/** Given by flags, also where the annotations of a Namespace may not be read. */
export interface Grants {
  readonly allowedInstances: readonly AllowedInstances[];
  readonly rotatableInstances: readonly AllowedInstances[];
  readonly followableInstances: readonly AllowedInstances[];
}

/**
 * What a namespace may be allowed. A reset breaks every connection to the instance; a rotation of its CA can hurt clients
 * that this operator does not know; to follow it hurts nobody, since a CA is public.
 */
export type Right = 'Reset' | 'Rotate' | 'Follow';

interface RightSource {
  readonly verb: string;
  readonly flag: string;
  readonly annotation: string;
  readonly grants: keyof Grants;
}

const RIGHTS: Readonly<Record<Right, RightSource>> = {
  Reset: {
    verb: 'reset',
    flag: '--allowed-instances',
    annotation: annotations.allowedInstances,
    grants: 'allowedInstances',
  },
  Rotate: {
    verb: 'rotate the server CA of',
    flag: '--rotatable-instances',
    annotation: annotations.rotatableInstances,
    grants: 'rotatableInstances',
  },
  Follow: {
    verb: 'follow',
    flag: '--followable-instances',
    annotation: annotations.followableInstances,
    grants: 'followableInstances',
  },
};

/** The rights that hold that one. */
const HOLDERS: Readonly<Record<Right, readonly Right[]>> = {
  Reset: ['Reset'],
  Rotate: ['Reset', 'Rotate'],
  Follow: ['Reset', 'Rotate', 'Follow'],
};

export interface PermissionQuestion extends Grants {
  readonly right: Right;
  readonly namespace: string;
  readonly instance: InstanceRef;
  /** Undefined where the operator may not read it: then the flag alone decides. */
  readonly view: NamespaceView | undefined;
}

export type Permission = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

export function permission(question: PermissionQuestion): Permission {
  const { right, namespace, instance, view } = question;
  // Its objects go too, each in its turn: none of them has to say so yet.
  if (view?.isBeingDeleted === true) return { allowed: false, message: `Namespace ${namespace} is being deleted` };
  const key = instanceKey(instance);
  const patterns = HOLDERS[right].flatMap((one) => [...byFlag(one, question), ...byAnnotation(one, view)]);
  if (patterns.some((pattern) => matchesGlob(pattern, key))) return { allowed: true };
  return { allowed: false, message: denial(question, key, byAnnotation(right, view)) };
}

const byFlag = (right: Right, question: PermissionQuestion): readonly string[] =>
  question[RIGHTS[right].grants]
    .filter(({ namespace }) => namespace === undefined || namespace === question.namespace)
    .map(({ pattern }) => pattern);

const byAnnotation = (right: Right, view: NamespaceView | undefined): readonly string[] =>
  parsePatterns(view?.annotations[RIGHTS[right].annotation] ?? '');

/** What an entry must look like to fit any instance. */
const PATTERN = /^[a-z0-9.:*-]+\/[a-z0-9*-]+$/;

/** Entries that are not understood are named, and not taken along into the command. */
function denial({ right, namespace, view }: PermissionQuestion, key: string, patterns: readonly string[]): string {
  const { verb, flag, annotation } = RIGHTS[right];
  const problem = `Namespace ${namespace} is not allowed to ${verb} ${key}`;
  if (view === undefined) {
    const value = `${flag}=${namespace}=${key}`;
    return `${problem}. An administrator allows it by the operator's flag: ${shell`${value}`}`;
  }
  const understood = patterns.filter((pattern) => PATTERN.test(pattern));
  const unclear = patterns.filter((pattern) => !PATTERN.test(pattern)).map((pattern) => JSON.stringify(pattern));
  const ignored =
    unclear.length === 0 ? '' : `. Not understood, and so without effect: ${oneLine(unclear.join(', '), 200)}`;
  const value = `${annotation}=${[...understood, key].join(',')}`;
  return `${problem}${ignored}. An administrator allows it with: ${shell`kubectl annotate namespace ${namespace} --overwrite ${value}`}`;
}
