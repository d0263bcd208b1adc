/** The dashboard of the chart, as far as it is needed to ask what it asks and to draw it. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const FILE = new URL('../../charts/cloudsql-ssl-operator/files/dashboard.json', import.meta.url);

const gridSchema = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });

const targetSchema = z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() });

const overrideSchema = z.object({
  matcher: z.object({ id: z.enum(['byName', 'byRegexp']), options: z.string() }),
  properties: z.array(
    z.object({ id: z.literal('color'), value: z.object({ mode: z.literal('fixed'), fixedColor: z.string() }) }),
  ),
});

const thresholdsSchema = z.object({
  steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })),
});

const fieldsOf = <Defaults extends z.ZodRawShape>(defaults: Defaults) =>
  z.object({
    defaults: z.object({ unit: z.string(), ...defaults }),
    overrides: z.array(overrideSchema),
  });

const common = { id: z.number(), title: z.string(), gridPos: gridSchema };
const asking = { ...common, targets: z.array(targetSchema) };

const customSchema = z.object({
  drawStyle: z.enum(['line', 'bars']),
  fillOpacity: z.number(),
  lineWidth: z.number(),
  stacking: z.object({ mode: z.enum(['normal', 'none']) }).optional(),
});

const columnsSchema = z.object({
  options: z.object({
    excludeByName: z.record(z.string(), z.boolean()),
    renameByName: z.record(z.string(), z.string()),
  }),
});

const panelSchema = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('row') }),
  z.object({ ...asking, type: z.literal('stat'), fieldConfig: fieldsOf({ thresholds: thresholdsSchema }) }),
  z.object({
    ...asking,
    type: z.literal('table'),
    fieldConfig: fieldsOf({}),
    options: z.object({ sortBy: z.array(z.object({ displayName: z.string() })) }),
    transformations: z.array(columnsSchema).length(1),
  }),
  z.object({
    ...asking,
    type: z.literal('timeseries'),
    /** The shortest step, as Prometheus writes durations. */
    interval: z.string().optional(),
    fieldConfig: fieldsOf({ custom: customSchema, min: z.number().optional(), decimals: z.number().optional() }),
  }),
]);

const dashboardSchema = z.object({ title: z.string(), panels: z.array(panelSchema) });

export type Dashboard = z.output<typeof dashboardSchema>;
export type Panel = Dashboard['panels'][number];
export type PanelOf<Type extends Panel['type']> = Extract<Panel, { readonly type: Type }>;
export type AskingPanel = Exclude<Panel, { readonly type: 'row' }>;
export type Fields = PanelOf<'timeseries'>['fieldConfig'];

export const readDashboard = async (): Promise<Dashboard> =>
  dashboardSchema.parse(JSON.parse(await readFile(FILE, 'utf8')));

export const asks = (panel: Panel): panel is AskingPanel => panel.type !== 'row';
