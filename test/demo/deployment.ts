/** A Deployment as the API server shows it, and how far it has rolled. */
import { z } from 'zod';
import { templateAnnotationKey } from '../../src/domain/trust/tls-material.ts';
import { INSTANCE, PROJECT } from './example-objects.ts';

export interface Deployment {
  readonly name: string;
  readonly generation: number;
  readonly desired: number;
  readonly pods: PodCounts;
  readonly isHealthy: boolean;
  /** The operator's annotation on the pod template. */
  readonly digest?: string;
}

export interface PodCounts {
  /** Of the current template and available: at least so many, since old ones are counted as available too. */
  readonly fresh: number;
  /** Of the current template and not yet known to be available. */
  readonly starting: number;
  readonly old: number;
}

const count = z.number().default(0);

const schema = z.object({
  metadata: z.object({ name: z.string(), generation: z.number() }),
  spec: z.object({
    replicas: z.number(),
    template: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }) }),
  }),
  status: z.object({
    observedGeneration: count,
    replicas: count,
    updatedReplicas: count,
    availableReplicas: count,
  }),
});

export function parseDeployment(value: unknown): Deployment {
  const { metadata, spec, status } = schema.parse(value);
  const digest = spec.template.metadata.annotations[templateAnnotationKey({ project: PROJECT, instance: INSTANCE })];
  const pods = podsOf(metadata.generation, status);
  const { replicas: desired } = spec;
  return {
    name: metadata.name,
    generation: metadata.generation,
    desired,
    pods,
    isHealthy: pods.fresh === desired && pods.starting + pods.old === 0,
    ...(digest !== undefined && { digest }),
  };
}

/** A status that was written before the template changed speaks of what are old pods by now. */
function podsOf(generation: number, status: z.output<typeof schema>['status']): PodCounts {
  const { replicas, updatedReplicas, availableReplicas, observedGeneration } = status;
  if (observedGeneration < generation) return { fresh: 0, starting: 0, old: replicas };
  const old = replicas - updatedReplicas;
  const fresh = Math.max(0, Math.min(updatedReplicas, availableReplicas - old));
  return { fresh, starting: updatedReplicas - fresh, old };
}
