/** What an object's status says, as a tree: in the operator's own words, and nothing that it does not say. */
import { versionWord } from '../domain/server-ca/rotation/versions.ts';
import { kindOf, type Published } from './kinds.ts';
import { isOutdated, nameOf, type ShownObject, type ShownStatus } from './shown-object.ts';
import { type Node, plain, type Style, styled } from './tree.ts';

type Condition = NonNullable<ShownStatus['conditions']>[number];
type Rollout = NonNullable<ShownStatus['rollout']>;
type Workload = NonNullable<Rollout['workloads']>[number];

export function statusTree(object: ShownObject): Node {
  const { kind, metadata, spec, status = {} } = object;
  return {
    cells: [
      styled(kind, 'faint'),
      styled(nameOf(object), 'heading'),
      plain(`${spec.project}/${spec.instance}`),
      ...(spec.requestId === undefined ? [] : [plain(`requestId ${spec.requestId}`)]),
    ],
    children: [
      ...(isOutdated(object) ? [{ cells: [styled(unseen(object), 'busy')] }] : []),
      ...(metadata.deletionTimestamp === undefined
        ? []
        : [{ cells: [styled(`is being deleted since ${metadata.deletionTimestamp}`, 'busy')] }]),
      ...section('Conditions', conditions(object)),
      ...(status.operation === undefined ? [] : [operation(status.operation)]),
      ...rotation(status),
      ...section('Published', (kindOf(object)?.published(status) ?? []).map(published)),
      ...rollout(status.rollout),
      ...section(
        'History',
        (status.history ?? []).map((entry) => past(entry, status)),
      ),
    ],
  };
}

function unseen({ metadata: { generation }, status }: ShownObject): string {
  const seen = status?.observedGeneration ?? -1;
  if (seen < 0) return 'the operator has not seen it yet';
  return `the operator has not seen generation ${generation} yet: what follows is of generation ${seen}`;
}

const section = (title: string, children: readonly Node[]): readonly Node[] =>
  children.length === 0 ? [] : [{ cells: [plain(title)], children }];

/** `Reconciling` and `Stalled` repeat the message of `Ready`. */
function conditions({ metadata, status }: ShownObject): readonly Node[] {
  const all = status?.conditions ?? [];
  return all.map((condition, index) => {
    const isSaid = all.slice(0, index).some(({ message }) => message === condition.message);
    const style = condition.observedGeneration < metadata.generation ? 'faint' : styleOf(condition);
    return {
      cells: [
        styled(condition.type, style),
        styled(condition.status, style),
        styled(condition.reason, style),
        styled(condition.lastTransitionTime, 'faint'),
      ],
      text: isSaid ? '' : condition.message,
    };
  });
}

/** `Reconciling` and `Stalled` are there only while they are true. */
function styleOf({ type, status }: Condition): Style {
  if (type === 'Stalled') return 'bad';
  return status === 'True' && type !== 'Reconciling' ? 'good' : 'busy';
}

function operation({ name, status = '', error, apiWarning, ...times }: NonNullable<ShownStatus['operation']>): Node {
  const steps = [
    ['inserted', times.insertTime],
    ['started', times.startTime],
    ['ended', times.endTime],
  ].flatMap(([word, time]) => (time === undefined ? [] : [`${word} ${time}`]));
  const problems = (error?.errors ?? []).map(({ code = '', message = '' }) => ({
    cells: [styled(code, 'bad')],
    text: message,
  }));
  const warning =
    apiWarning === undefined
      ? []
      : [{ cells: [styled(apiWarning.code ?? '', 'busy')], text: apiWarning.message ?? '' }];
  const style = error !== undefined ? 'bad' : status === 'DONE' ? 'good' : 'busy';
  return {
    cells: [plain('Operation'), styled(status, style), plain(name)],
    text: steps.join(', '),
    children: [...problems, ...warning],
  };
}

const published = ({ place = 'nowhere', what, sha1Fingerprint = '', detail }: Published): Node => ({
  cells: [plain(place), plain(what), plain(sha1Fingerprint)],
  text: detail,
});

function rollout(status: Rollout | undefined): readonly Node[] {
  if (status === undefined) return [];
  const { summary = '', total = 0, workloads = [] } = status;
  const waves = [...new Set(workloads.map(({ wave }) => wave))].sort((a, b) => a - b);
  const hidden = total - workloads.length;
  return [
    {
      cells: [plain('Workloads'), plain(summary)],
      children: [
        ...waves.map((wave) => ({
          cells: [plain(`Wave ${wave}`)],
          children: workloads.filter((one) => one.wave === wave).map(workload),
        })),
        ...(hidden > 0 ? [{ cells: [styled(`${hidden} more, which the status does not list`, 'faint')] }] : []),
      ],
    },
  ];
}

const WORKLOAD_STYLES = new Map<string, Style>([
  ['Rolled', 'good'],
  ['Rolling', 'busy'],
  ['Failed', 'bad'],
  ['Missing', 'bad'],
  ['ManualActionRequired', 'busy'],
]);

const workload = ({ kind, name, state, message = '' }: Workload): Node => ({
  cells: [plain(`${kind}/${name}`), styled(state, WORKLOAD_STYLES.get(state) ?? 'plain')],
  text: message,
});

function past(entry: NonNullable<ShownStatus['history']>[number], status: ShownStatus): Node {
  const { requestId, outcome, endTime = '', approvedManager } = entry;
  const isRotation = 'cause' in entry;
  const cause = isRotation ? entry.cause : `generation ${entry.generation}`;
  const what = isRotation ? fromTo(entry, status) : entry.operation === undefined ? '' : `operation ${entry.operation}`;
  const approved = approvedManager === undefined ? '' : `approved by field manager ${approvedManager}`;
  return {
    cells: [plain(endTime), plain(outcome), plain(requestId === undefined ? cause : `requestId ${requestId}`)],
    text: [what, approved].filter((part) => part !== '').join(', '),
  };
}

/** One that is under way. */
function rotation(status: ShownStatus): readonly Node[] {
  const { phase = 'Idle', cause = '', ...ends } = status.rotation ?? {};
  if (phase === 'Idle') return [];
  return [{ cells: [plain('Rotation'), styled(phase, 'busy'), plain(cause)], text: fromTo(ends, status) }];
}

const fromTo = (
  { previous, next }: { readonly previous?: string; readonly next?: string },
  status: ShownStatus,
): string =>
  previous === undefined && next === undefined
    ? ''
    : `${versionWord(status)} ${previous ?? '?'} → ${next ?? 'to be added'}`;
