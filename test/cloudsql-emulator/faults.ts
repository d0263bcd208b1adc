import { z } from 'zod';
import { planSchema } from './operations.ts';
import type { Route } from './routes.ts';
import { apis } from './routes.ts';

/** Whether the call takes effect: yes, no, or later than it was answered, as if it had waited in a queue. */
const executed = z.union([z.boolean(), z.strictObject({ afterMs: z.number().nonnegative() }).readonly()]);

/** What comes back instead of the true answer. */
const answerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('Error'),
    executed,
    code: z.number().int(),
    reason: z.string(),
    message: z.string().default('An error that was ordered.'),
    status: z.string().optional(),
    headers: z.record(z.string(), z.string()).readonly().optional(),
  }),
  /** The connection is reset; with `whenDone` once the operation that the call began is DONE. */
  z.strictObject({ kind: z.literal('Drop'), executed, whenDone: z.boolean().optional() }),
  /** Nothing comes, and the connection stays open. */
  z.strictObject({ kind: z.literal('Hang'), executed }),
  /** 200 with a body that is no JSON. */
  z.strictObject({ kind: z.literal('Malformed'), executed }),
  /** 200, and the connection is reset in the middle of the body. */
  z.strictObject({ kind: z.literal('Truncated'), executed }),
  /** The true answer, so much later than the call took effect. */
  z.strictObject({ kind: z.literal('Late'), executed: z.literal(true), afterMs: z.number().positive() }),
  /** 200 with an operation that has no name. */
  z.strictObject({ kind: z.literal('WithoutName'), executed }),
]);

/** A deviation that is ordered for calls to come. */
export const faultSchema = z
  .strictObject({
    api: z.enum(apis),
    project: z.string().optional(),
    instance: z.string().optional(),
    /** How many calls it meets. */
    times: z.union([z.number().int().positive(), z.literal('Always')]).default(1),
    answer: answerSchema.readonly().optional(),
    /** How the operation goes that the call begins. */
    operation: planSchema.optional(),
    /** For operations.list: leaves out what was enqueued less than this long ago. */
    hideYoungerThanMs: z.number().positive().optional(),
  })
  .readonly();

export type FaultOptions = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;
export type FaultAnswer = NonNullable<Fault['answer']>;

interface Order {
  readonly fault: Fault;
  readonly left: number;
}

const applies = ({ api, project, instance }: Fault, route: Route): boolean =>
  api === route.api &&
  (project === undefined || project === route.project) &&
  (instance === undefined || instance === route.instance);

/** How the journal names a fault. */
export const nameOf = ({ answer, operation }: Fault): string => {
  if (answer?.kind === 'Error') {
    return `Error ${answer.code}`;
  }
  return answer?.kind ?? (operation ? 'Operation' : 'Hide');
};

/** The faults that are ordered and not used up. */
export class Faults {
  #counted: readonly Order[] = [];
  #permanent: readonly Fault[] = [];

  order(fault: Fault): void {
    if (fault.times === 'Always') {
      this.#permanent = [fault, ...this.#permanent];
    } else {
      this.#counted = [...this.#counted, { fault, left: fault.times }];
    }
  }

  /** Counted faults meet their calls in the order in which they were ordered; the permanent ones what is left over. */
  take(route: Route): Fault | undefined {
    const met = this.#counted.find(({ fault }) => applies(fault, route));
    if (!met) {
      return this.#permanent.find((fault) => applies(fault, route));
    }
    this.#counted = this.#counted
      .map((order) => (order === met ? { ...order, left: order.left - 1 } : order))
      .filter(({ left }) => left > 0);
    return met.fault;
  }

  list(): readonly Fault[] {
    return [...this.#counted.map(({ fault }) => fault), ...this.#permanent];
  }

  clear(): void {
    this.#counted = [];
    this.#permanent = [];
  }
}
