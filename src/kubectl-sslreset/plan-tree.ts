/** The plan of an object, as a tree: what its next call will do, and what to put right before it. */
import { annotations } from '../domain/object.ts';
import { versionWord } from '../domain/server-ca/rotation/versions.ts';
import { nameOf, type ShownObject, type ShownPlan } from './shown-object.ts';
import { type Node, plain, styled } from './tree.ts';

export function planTree(object: ShownObject, plan: ShownPlan): Node {
  const { kind, metadata, spec, status = {} } = object;
  const word = versionWord(status).replace('server', 'Server');
  const isApproved = metadata.annotations?.[annotations.approve] === plan.id;
  return {
    cells: [
      styled(kind, 'faint'),
      styled(nameOf(object), 'heading'),
      plain(`${spec.project}/${spec.instance}`),
      plain(`plan ${plan.id}`),
      styled(plan.time, 'faint'),
      ...(isApproved ? [styled('approved', 'good')] : []),
    ],
    children: [
      ...section('Calls', plan.calls.map(only)),
      ...(plan.breaksConnections ? [{ cells: [styled('Breaks all connections to the instance, once', 'bad')] }] : []),
      ...(plan.serverCaSha1Fingerprint === undefined
        ? []
        : [{ cells: [plain('Server CA now'), styled(plan.serverCaSha1Fingerprint, 'faint')] }]),
      ...(plan.adopts === undefined ? [] : [{ cells: [plain(`${word} next`), styled(plan.adopts, 'faint')] }]),
      ...section(`Waiting ${versionWord(status)}s replaced`, (plan.replaces ?? []).map(only)),
      ...section(
        'Client certificates lost',
        (plan.clientCertificatesLost ?? []).map(({ commonName, sha1Fingerprint }) => ({
          cells: [plain(commonName), styled(sha1Fingerprint, 'faint')],
        })),
      ),
      ...section('Client certificates issued', (plan.clientCertificatesIssued ?? []).map(only)),
      ...section('Publishes', (plan.publishes ?? []).map(only)),
      ...workloads(plan.workloads),
      ...section(
        'Warnings',
        (plan.warnings ?? []).map((text) => ({ cells: [styled('!', 'bad')], text })),
      ),
    ],
  };
}

const only = (text: string): Node => ({ cells: [plain(text)] });

const section = (title: string, children: readonly Node[]): readonly Node[] =>
  children.length === 0 ? [] : [{ cells: [plain(title)], children }];

function workloads(planned: ShownPlan['workloads']): readonly Node[] {
  if (planned === undefined) return [];
  const { total, list = [] } = planned;
  const more = total > list.length ? [only(`… ${total - list.length} more`)] : [];
  const rows = list.map(({ kind, name, wave }) => ({
    cells: [plain(`${kind}/${name}`), styled(`wave ${wave}`, 'faint')],
  }));
  return [{ cells: [plain(`Workloads ${total}`)], children: [...rows, ...more] }];
}
