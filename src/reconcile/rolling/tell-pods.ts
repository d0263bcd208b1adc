/** Changes an annotation of each pod: the kubelet, which hears of that at once, writes its volumes anew. */
import { isKubernetesError, KubernetesError } from '../../domain/errors.ts';
import { type Pod, podAnnotations } from '../../domain/trust/pod.ts';
import type { Reload, TemplateAnnotations, Workload } from '../../domain/trust/workload.ts';
import type { Pods } from '../workload-ports.ts';

/** A DaemonSet may have a pod on each of a thousand nodes. */
const AT_A_TIME = 20;

/**
 * Answers the workload with the pods that admission would not let carry it as those that are still to be told. A pod that
 * has gone meanwhile needs no word.
 * @throws KubernetesError
 */
export async function tellPods(
  workload: Workload,
  { untold }: Reload,
  wanted: TemplateAnnotations,
  { pods, now }: { readonly pods: Pods; readonly now: string },
): Promise<Workload> {
  const annotations = podAnnotations(wanted);
  const left: Pod[] = [];
  for (let from = 0; from < untold.length; from += AT_A_TIME) {
    const some = untold.slice(from, from + AT_A_TIME);
    const told = await Promise.all(some.map((pod) => tellPod(pod, annotations, pods)));
    left.push(...told.filter((pod) => pod !== undefined).filter((pod) => !hasHeard(pod, annotations)));
  }
  return { ...workload, reload: { untold: left, toldTime: now } };
}

/** Undefined: it is gone. @throws KubernetesError */
export async function tellPod(
  pod: Pod,
  annotations: Readonly<Record<string, string>>,
  pods: Pods,
  options: { readonly dryRun: boolean } = { dryRun: false },
): Promise<Pod | undefined> {
  try {
    return await pods.annotate(pod, annotations, options);
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound')) return undefined;
    if (!isKubernetesError(error, 'Forbidden')) throw error;
    const message = `The operator may not change its pods, which Reload needs (rollout.reload of the chart): ${error.message}`;
    throw new KubernetesError({ kind: error.kind, message, cause: error });
  }
}

export const hasHeard = ({ told }: Pod, annotations: Readonly<Record<string, string>>): boolean =>
  Object.entries(annotations).every(([key, value]) => told[key] === value);
