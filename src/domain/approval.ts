/** Whether a person has to say yes before a call, and who demands it: the stricter word counts. */
import { oneLine } from '../lib/one-line.ts';
import { shell } from '../lib/shell.ts';
import { annotations, type Metadata } from './object.ts';
import type { NamespaceView } from './permission.ts';

const APPROVALS = ['Automatic', 'Manual'] as const;
export type Approval = (typeof APPROVALS)[number];

export interface ApprovalWords {
  /** `spec.approval`; undefined: a CRD of another version does not know it. */
  readonly asked: string | undefined;
  readonly namespace: string;
  /** Undefined where the operator may not read the Namespace: then it has no say. */
  readonly view: NamespaceView | undefined;
  /** `--approval`. */
  readonly flag: Approval;
}

/** Who demands it, in words; undefined: nobody. Whatever is not `Automatic` demands it. */
export function demandsApproval({ asked = 'Automatic', namespace, view, flag }: ApprovalWords): string | undefined {
  if (asked !== 'Automatic') return 'spec.approval';
  const word = view?.annotations[annotations.approval] ?? 'Automatic';
  if (word === 'Manual') return `the annotation ${annotations.approval} of Namespace ${namespace}`;
  if (word !== 'Automatic') {
    return `the annotation ${annotations.approval} of Namespace ${namespace}, whose value ${oneLine(JSON.stringify(word), 64)} is not understood and so counts as Manual,`;
  }
  return flag === 'Automatic' ? undefined : "the operator's flag --approval";
}

export interface ApprovalFacts {
  /** Who demands it, in words; undefined: nobody. */
  readonly demandedBy: string | undefined;
  /** The API server lets only those approve who have the right to. */
  readonly isGuarded: boolean;
}

/** A person's word for just this plan: it is void for any other. */
export const isApproved = ({ annotations: given }: Pick<Metadata, 'annotations'>, id: string | undefined): boolean =>
  id !== undefined && given[annotations.approve] === id;

export interface Unapproved {
  readonly id: string;
  /** What it does, in one sentence. */
  readonly description: string;
  /** The object's kind, as kubectl takes it. */
  readonly resource: string;
}

/** What a plan waits for, with the command; undefined: nobody has to approve it, or somebody has. */
export function unapprovedMessage(
  metadata: Pick<Metadata, 'namespace' | 'name' | 'annotations'>,
  { id, description, resource }: Unapproved,
  { demandedBy, isGuarded }: ApprovalFacts,
): string | undefined {
  if (demandedBy === undefined || isApproved(metadata, id)) return undefined;
  const { namespace, name, annotations: given } = metadata;
  const other = given[annotations.approve] ?? '';
  const isVoid = other === '' ? '' : `. ${oneLine(JSON.stringify(other), 64)} is approved, which is another plan`;
  const open = isGuarded ? '' : ', which whoever may change the object may give';
  const command = shell`kubectl -n ${namespace} annotate ${resource} ${name} --overwrite cloudsql-ssl.dev/approve=${id}`;
  return oneLine(`${description}${isVoid}. ${demandedBy} demands an approval${open}: ${command}`);
}
