import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildParts } from './build.ts';
import { downloadReleases } from './download.ts';
import {
  ARGO_CD,
  ARGO_ROLLOUTS,
  type ArgoCdPart,
  type ArgoRolloutsPart,
  AUTH_PROXY,
  CHART_TOOLS,
  type ChartTool,
  CONTROL_PLANE,
  CONTROLLER_RUNTIME,
  type ControlPlanePart,
  FLUX,
  type FluxPart,
  GOPHER_LUA,
  KREW,
  keyOf,
  type PartSet,
  PROMETHEUS,
  PROMTOOL,
  partsOf,
} from './go-modules.ts';
import type { Log } from './log.ts';
import { PLATFORM } from './releases.ts';

/** Where each part of the control plane is. */
export type Binaries = Readonly<Record<ControlPlanePart, string>>;

/** Where a control plane's programs may come from. */
export interface BinariesOptions {
  readonly log: Log;
  /** Takes none that was downloaded; also asked for by `CONTROL_PLANE_BUILD`, where no flag is at hand. */
  readonly build?: boolean;
}

/** The programs of a control plane: downloaded or compiled the first time, and kept. Says how it came by them. */
export async function findOrBuildBinaries({ log, build = false }: BinariesOptions): Promise<Binaries> {
  const cache = cacheFolder(CONTROL_PLANE, process.env);
  const downloads = downloadsIn(cache);
  const mayDownload = !(build || process.env.CONTROL_PLANE_BUILD);
  const folders = [...searchPath(process.env, cache), ...(mayDownload ? [downloads] : [])];
  const find = (part: ControlPlanePart) => locate(part, folders, exists);
  const missing = (): readonly ControlPlanePart[] => partsOf(CONTROL_PLANE).filter((part) => find(part) === undefined);
  if (mayDownload) await downloadReleases(CONTROL_PLANE.releases?.(PLATFORM) ?? [], missing(), downloads, { log });
  const compiled = missing();
  if (compiled.length > 0) await buildParts(CONTROL_PLANE, compiled, cache, log);
  const downloaded = partsOf(CONTROL_PLANE).filter((part) => find(part)?.startsWith(downloads));
  log(`Control plane: Kubernetes ${CONTROL_PLANE.version}, ${origin(downloaded)}`);
  return allOf((part) => find(part) ?? join(cache, part));
}

/** Apart from what was compiled, so that it can be forbidden. */
const downloadsIn = (cache: string): string => join(cache, 'downloaded');

function origin(downloaded: readonly string[]): string {
  if (downloaded.length === 0) return process.env.KUBEBUILDER_ASSETS ? 'given or compiled' : 'compiled';
  return `downloaded: ${downloaded.join(', ')}`;
}

/** The Cloud SQL Auth Proxy: a minute the first time. */
export async function findOrBuildAuthProxy({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(AUTH_PROXY, log);
  return pathOf('cloud-sql-proxy');
}

/** kubectl alone, without building it: who has a cluster of their own has it on the PATH. */
export function findKubectl(): string {
  const cache = cacheFolder(CONTROL_PLANE, process.env);
  return locate('kubectl', [...searchPath(process.env, cache), downloadsIn(cache)], exists) ?? 'kubectl';
}

/** Where each thing that the tests of the chart need is. */
export function findOrBuildChartTools({ log }: { readonly log: Log }): Promise<(part: ChartTool) => string> {
  return findOrBuild(CHART_TOOLS, log);
}

/** promtool: minutes the first time. */
export async function findOrBuildPromtool({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(PROMTOOL, log);
  return pathOf('promtool');
}

/** Prometheus, without its user interface: minutes the first time. */
export async function findOrBuildPrometheus({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(PROMETHEUS, log);
  return pathOf('prometheus');
}

/** Where each part of Argo Rollouts is: minutes the first time. */
export function findOrBuildArgoRollouts({ log }: { readonly log: Log }): Promise<(part: ArgoRolloutsPart) => string> {
  return findOrBuild(ARGO_ROLLOUTS, log);
}

/** Where each part of a headless Argo CD is: minutes the first time. */
export function findOrBuildArgoCd({ log }: { readonly log: Log }): Promise<(part: ArgoCdPart) => string> {
  return findOrBuild(ARGO_CD, log);
}

/** Where each part of Flux is: minutes the first time. */
export function findOrBuildFlux({ log }: { readonly log: Log }): Promise<(part: FluxPart) => string> {
  return findOrBuild(FLUX, log);
}

/** A Lua 5.1 interpreter: seconds the first time. */
export async function findOrBuildLua({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(GOPHER_LUA, log);
  return pathOf('glua');
}

/** The twin of the operator by controller-runtime: minutes the first time. */
export async function findOrBuildTwin({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(CONTROLLER_RUNTIME, log);
  return pathOf('controller-runtime');
}

/** Krew: a minute the first time. */
export async function findOrBuildKrew({ log }: { readonly log: Log }): Promise<string> {
  const pathOf = await findOrBuild(KREW, log);
  return pathOf('krew');
}

/**
 * Finds the parts of a set in `KUBEBUILDER_ASSETS`, then in the user's cache folder, and builds into that folder what
 * neither has. Answers where each is.
 */
async function findOrBuild<Part extends string>(set: PartSet<Part>, log: Log): Promise<(part: Part) => string> {
  const cache = cacheFolder(set, process.env);
  const find = (part: Part) => locate(part, searchPath(process.env, cache), exists);
  const missing = partsOf(set).filter((part) => find(part) === undefined);
  if (missing.length > 0) await buildParts(set, missing, cache, log);
  return (part) => find(part) ?? join(cache, part);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The folders to look in, best first. */
export function searchPath(env: Environment, cache: string): readonly string[] {
  return env.KUBEBUILDER_ASSETS ? [env.KUBEBUILDER_ASSETS, cache] : [cache];
}

/** The user's cache folder for exactly this set of versions. */
export function cacheFolder(set: PartSet, env: Environment): string {
  const base = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'cloudsql-ssl-operator', set.name, keyOf(set));
}

/** The part in the first folder that has it. */
export function locate(part: string, folders: readonly string[], has: (path: string) => boolean): string | undefined {
  return folders.map((folder) => join(folder, part)).find(has);
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function allOf(pathOf: (part: ControlPlanePart) => string): Binaries {
  return {
    etcd: pathOf('etcd'),
    'kube-apiserver': pathOf('kube-apiserver'),
    'kube-controller-manager': pathOf('kube-controller-manager'),
    'kube-scheduler': pathOf('kube-scheduler'),
    kubectl: pathOf('kubectl'),
  };
}
