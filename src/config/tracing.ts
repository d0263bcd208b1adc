/** The standard variables of OpenTelemetry: whether there are traces, and what is wrong with the variables. */
import * as z from 'zod';
import { oneOf } from './values.ts';

export interface TracingConfig {
  /** The share of traces that are kept, 0 to 1. */
  readonly ratio: number;
  /** The Google Cloud project that the traces go to, if the variables say so: Cloud Logging finds a trace by it. */
  readonly project: string | undefined;
  /** How long spans wait for others to be sent with, in milliseconds. */
  readonly delayMs: number;
}

export interface TracingJudgement {
  /** Absent: there are no traces. */
  readonly tracing?: TracingConfig;
  readonly problems: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const collector = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http(s):// URL');
const protocol = z.literal('http/protobuf', 'http/protobuf, which collectors take on port 4318');
const milliseconds = z.string().regex(/^[1-9]\d{0,8}$/, 'a number of milliseconds above 0');
/** Entries with commas between them; some end with one. */
const entriesLike = (entry: RegExp) =>
  z.string().refine((text) => {
    const entries = text.split(',').map((each) => each.trim());
    return entries.every((each) => each === '' || entry.test(each));
  }, 'name=value pairs, separated by commas');
const headers = entriesLike(/^[^=\s]+\s*=\s*\S/);
const attributes = entriesLike(/^[^=\s]+\s*=[^=]*$/);
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;

const variables = z.object({
  OTEL_TRACES_EXPORTER: z.literal('otlp', 'otlp or none').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol.optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol.optional(),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds.optional(),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: milliseconds.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: headers.optional(),
  OTEL_RESOURCE_ATTRIBUTES: attributes.optional(),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds.default('5000'),
  // There is never a trace from outside that this one is part of, so that a parent decides nothing.
  OTEL_TRACES_SAMPLER: oneOf([...SAMPLERS, ...SAMPLERS.map((name) => `parentbased_${name}` as const)]).optional(),
  OTEL_TRACES_SAMPLER_ARG: z.string().optional(),
});
type Variables = z.output<typeof variables>;

const NONE: TracingJudgement = { problems: [] };

/** @param env an empty variable counts as unset */
export function judgeTracing(env: Environment): TracingJudgement {
  const given = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text !== ''));
  const endpoint = given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? given.OTEL_EXPORTER_OTLP_ENDPOINT;
  const isOff = given.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || given.OTEL_TRACES_EXPORTER === 'none';
  if (endpoint === undefined || isOff) return NONE;
  const { data, error } = variables.safeParse(given);
  if (data === undefined) return { problems: (error?.issues ?? []).map((issue) => describe(issue, given)) };
  const ratio = ratioOf(data);
  const tracing = { project: projectOf(data), delayMs: Number(data.OTEL_BSP_SCHEDULE_DELAY) };
  if (ratio !== undefined) return { tracing: { ratio, ...tracing }, problems: [] };
  return { problems: [`OTEL_TRACES_SAMPLER_ARG: got ${quote(data.OTEL_TRACES_SAMPLER_ARG)}, expected ${RATIO}`] };
}

const RATIO = 'a number from 0 to 1, the share of traces that are kept';

function ratioOf({ OTEL_TRACES_SAMPLER: name = 'always_on', OTEL_TRACES_SAMPLER_ARG: arg = '1' }: Variables) {
  const sampler = SAMPLERS.find((one) => name.endsWith(one));
  if (sampler !== 'traceidratio') return sampler === 'always_off' ? 0 : 1;
  return Number(arg) >= 0 && Number(arg) <= 1 ? Number(arg) : undefined;
}

/** The attribute that Google Cloud's own OTLP endpoint asks for as well. */
const projectOf = ({ OTEL_RESOURCE_ATTRIBUTES: text = '' }: Variables): string | undefined =>
  /(?:^|,)\s*gcp\.project_id\s*=\s*([a-z0-9.:-]+)/.exec(text)?.[1];

/** Headers hold credentials, and a URL may: they are not repeated. */
function describe({ path, message }: z.core.$ZodIssue, given: Environment): string {
  const name = String(path[0]);
  const isTold = !name.endsWith('_HEADERS') && !name.endsWith('_ENDPOINT');
  return `${name}: ${isTold ? `got ${quote(given[name])}, ` : ''}expected ${message}`;
}

const quote = (text = ''): string => JSON.stringify(text);
