/** What would go wrong in the roll that follows a call, or be forgotten, each with what to do about it. */
import { notUnderstood } from '../not-understood.ts';
import { annotations } from '../object.ts';
import { type Dependent, refersToAny } from './dependents.ts';
import type { DistributionSpec, WantedCertificate } from './distribution.ts';
import { choiceOf } from './judgement.ts';
import { publishedNames } from './published-kinds.ts';
import type { OpenFiles, Workload } from './workload.ts';

/** @param call what it follows, such as `reset` */
export function rollWarnings(
  spec: DistributionSpec,
  dependents: readonly Dependent[],
  call: string,
): readonly string[] {
  if (dependents.length === 0) return [nothingToRoll(spec)];
  const found = dependents.flatMap(({ workload }) => workload ?? []);
  const notes = dependents.flatMap(({ kind, name, note }) => (note === undefined ? [] : [`${kind} ${name}: ${note}`]));
  return [...unreferenced(spec, found), ...found.flatMap((workload) => ofWorkload(spec, workload, call)), ...notes];
}

const nothingToRoll = ({ instance, rollout }: DistributionSpec): string =>
  `Nothing is found to roll: no ${rollout.kinds.join(' or ')} ${rollout.selector === undefined ? `has the label cloudsql-ssl.dev/instance=${instance}` : 'matches rollout.selector'}, is one of rollout.targets or refers to what is published. Whoever uses the instance keeps the old server CA`;

/** The pods mount something else, and yet all would say that the roll is complete. */
function unreferenced(spec: DistributionSpec, workloads: readonly Workload[]): readonly string[] {
  return publishedNames(spec)
    .filter((name) => !workloads.some((workload) => refersToAny(workload, [name])))
    .map(
      (name) =>
        `No workload that is rolled refers to ${name}, so none of them gets what is published there. Mount it; where kustomize makes names with a hash, set disableNameSuffixHash`,
    );
}

function ofWorkload(spec: DistributionSpec, workload: Workload, call: string): readonly string[] {
  const choice = choiceOf(workload);
  const who = `${workload.kind} ${workload.name}`;
  return [
    ...openKeys(spec, workload).map(
      (secret) =>
        `${who} mounts the private key of Secret/${secret} with a mode that others may read, which libpq, lib/pq and pgjdbc refuse: set defaultMode: 0440 for the volume, and securityContext.fsGroup for the pod`,
    ),
    ...(choice === undefined ? [] : [optedOut(who, choice, call)]),
    ...(workload.reload === undefined ? ofRestart(spec, workload) : []),
  ];
}

/** Of one whose pods stay, nobody replaces a pod, or writes the template. */
function ofRestart(spec: DistributionSpec, workload: Workload): readonly string[] {
  const who = `${workload.kind} ${workload.name}`;
  return [
    ...(isStuck(spec, workload)
      ? [
          `${who} has pods that are not ready, and with podManagementPolicy OrderedReady it does not roll past them: put them right first, or set rollout.unreadyPods: Delete`,
        ]
      : []),
    ...(workload.paused ? [`${who} is paused, so it rolls only when it is resumed`] : []),
    ...(workload.owner === undefined
      ? []
      : [
          `${who} belongs to ${workload.owner.kind} ${workload.owner.name}, which may put its pod template back: then its pods must be restarted by hand`,
        ]),
  ];
}

const optedOut = (who: string, choice: string, call: string): string =>
  choice === 'disabled'
    ? `${who} is opted out by the annotation ${annotations.rollout}: restart it yourself after the ${call}`
    : `${who}: ${notUnderstood(annotations.rollout, choice)}, so it is not rolled: set it to "disabled", or remove it`;

/** Secrets with a private key that the pods mount too openly. */
const openKeys = ({ clientCertificates = [] }: DistributionSpec, { openFiles = [] }: Workload): readonly string[] =>
  clientCertificates.flatMap((one) => (openFiles.some((files) => hasKey(one, files)) ? [one.secretName] : []));

function hasKey({ secretName, additionalFormats = [] }: WantedCertificate, { secret, keys }: OpenFiles): boolean {
  const withKey = ['client-key.pem', 'tls.key', ...additionalFormats.flatMap(({ key }) => key ?? [])];
  return secret === secretName && (keys === undefined || keys.some((key) => withKey.includes(key)));
}

const isStuck = ({ rollout }: DistributionSpec, { ordered, status, desiredReplicas }: Workload): boolean =>
  rollout.unreadyPods === 'Report' && ordered !== undefined && status.availableReplicas < desiredReplicas;

/** As many as tell what it is about. */
export function few(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
