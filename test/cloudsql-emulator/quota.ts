import { z } from 'zod';
import { ApiError } from './api-error.ts';
import type { Api, Route } from './routes.ts';

const count = z.number().int().positive();

/** Calls of one user in one project within any window; what is refused is not counted. The real API counts by region, too. */
export const quotaSchema = z
  .strictObject({
    gets: count.default(500),
    lists: count.default(500),
    /** Whatever is neither a get nor a list. */
    writes: count.default(180),
    windowMs: count.default(60_000),
    /** What a refusal says; some Google APIs say 403. */
    code: z.union([z.literal(429), z.literal(403)]).default(429),
  })
  .readonly();

export type QuotaOptions = z.input<typeof quotaSchema>;
type Limits = z.output<typeof quotaSchema>;

export type QuotaClass = 'gets' | 'lists' | 'writes';

/** Unverified: that each list counts as one, whatever it lists. */
export const quotaClassOf = (api: Api): QuotaClass => {
  if (/list/i.test(api)) {
    return 'lists';
  }
  return /get|connectSettings/.test(api) ? 'gets' : 'writes';
};

const METRICS: Readonly<Record<QuotaClass, string>> = { gets: 'Get', lists: 'List', writes: 'Mutate' };

const exceeded = (of: QuotaClass, project: string, code: number): ApiError =>
  new ApiError({
    code,
    reason: 'rateLimitExceeded',
    message: `Quota exceeded for quota metric '${METRICS[of]} queries' and limit '${METRICS[of]} queries per minute per user per region' of service 'sqladmin.googleapis.com' for consumer 'project_number:${project}'.`,
    status: code === 429 ? 'RESOURCE_EXHAUSTED' : 'PERMISSION_DENIED',
  });

/** The strictest reading of a quota for each minute: it holds in any window, wherever the minute begins. */
export class Quota {
  readonly #limits: Limits;
  readonly #times = new Map<string, readonly number[]>();

  constructor(options: QuotaOptions) {
    this.#limits = quotaSchema.parse(options);
  }

  /** @throws ApiError `rateLimitExceeded` */
  spend({ api, project }: Pick<Route, 'api' | 'project'>, user: string, nowMs: number): void {
    const { windowMs, code, ...limits } = this.#limits;
    const of = quotaClassOf(api);
    const key = `${project} ${user} ${of}`;
    const recent = (this.#times.get(key) ?? []).filter((time) => time > nowMs - windowMs);
    if (recent.length >= limits[of]) {
      throw exceeded(of, project, code);
    }
    this.#times.set(key, [...recent, nowMs]);
  }
}
