import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { etcdRelease, kubernetesRelease, type ReleaseFile } from './releases.ts';

/** A Go program: the package it is built from, and the name that go gives it. */
export interface GoProgram<Part extends string = string> {
  readonly part: Part;
  readonly source: string;
  readonly builtAs: string;
}

/** A folder with a go.mod that pins programs which can be built together. */
export interface GoModule<Part extends string = string> {
  readonly folder: string;
  /** Build tags that leave out what is not needed. */
  readonly tags?: string;
  readonly programs: readonly GoProgram<Part>[];
}

/** A part that is no program: YAML documents of folders of a module, in one file. */
export interface GoDocuments<Part extends string = string> {
  readonly part: Part;
  readonly moduleFolder: string;
  readonly module: string;
  readonly folders: readonly string[];
}

/** What is used together: it is kept in one folder of the cache, and a change of one part makes all of them again. */
export interface PartSet<Part extends string = string> {
  /** The folder in the cache. */
  readonly name: string;
  readonly version: string;
  readonly linkerFlags: string;
  /** What the user is told to expect. */
  readonly buildTime: string;
  readonly modules: readonly GoModule<Part>[];
  readonly documents: readonly GoDocuments<Part>[];
  /** Where the same versions can be downloaded for this platform, by checksums that we know. */
  readonly releases?: (platform: string) => readonly ReleaseFile<Part>[];
}

/** The programs that a control plane is made of. */
export type ControlPlanePart = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

const kubernetes = <Name extends string>(name: Name): GoProgram<Name> => ({
  part: name,
  source: `k8s.io/kubernetes/cmd/${name}`,
  builtAs: name,
});

const kubernetesVersion = pinnedVersion('kubernetes', 'k8s.io/kubernetes');

export const CONTROL_PLANE: PartSet<ControlPlanePart> = {
  name: 'control-plane',
  version: kubernetesVersion,
  linkerFlags: kubernetesLinkerFlags(kubernetesVersion),
  buildTime: 'about seven minutes on two cores',
  modules: [
    {
      folder: moduleFolder('etcd'),
      programs: [{ part: 'etcd', source: 'go.etcd.io/etcd/server/v3', builtAs: 'server' }],
    },
    {
      folder: moduleFolder('kubernetes'),
      programs: [
        kubernetes('kube-apiserver'),
        kubernetes('kube-controller-manager'),
        kubernetes('kube-scheduler'),
        kubernetes('kubectl'),
      ],
    },
  ],
  documents: [],
  releases: (platform) => [
    ...kubernetesRelease(kubernetesVersion, platform),
    ...etcdRelease(pinnedVersion('etcd', 'go.etcd.io/etcd/server/v3'), platform),
  ],
};

/** The Cloud SQL Auth Proxy, version 2. */
export const AUTH_PROXY: PartSet<'cloud-sql-proxy'> = {
  name: 'cloud-sql-proxy',
  version: pinnedVersion('cloud-sql-proxy', 'github.com/GoogleCloudPlatform/cloud-sql-proxy/v2'),
  linkerFlags: '-s -w',
  buildTime: 'about a minute on two cores',
  modules: [
    {
      folder: moduleFolder('cloud-sql-proxy'),
      programs: [
        {
          part: 'cloud-sql-proxy',
          source: 'github.com/GoogleCloudPlatform/cloud-sql-proxy/v2',
          builtAs: 'cloud-sql-proxy',
        },
      ],
    },
  ],
  documents: [],
};

/** What the tests of the chart need: Helm, a validator of manifests, and the CRDs of prometheus-operator. */
export type ChartTool = 'helm' | 'kubeconform' | 'monitoring-crds.yaml';

export const CHART_TOOLS: PartSet<ChartTool> = {
  name: 'chart-tools',
  version: pinnedVersion('chart-tools', 'helm.sh/helm/v4'),
  linkerFlags: '-s -w',
  buildTime: 'about three minutes on two cores',
  modules: [
    {
      folder: moduleFolder('chart-tools'),
      programs: [
        { part: 'helm', source: 'helm.sh/helm/v4/cmd/helm', builtAs: 'helm' },
        { part: 'kubeconform', source: 'github.com/yannh/kubeconform/cmd/kubeconform', builtAs: 'kubeconform' },
      ],
    },
    // No program of it is built, but what it pins belongs to the key.
    { folder: moduleFolder('monitoring-crds'), programs: [] },
  ],
  documents: [
    {
      part: 'monitoring-crds.yaml',
      moduleFolder: moduleFolder('monitoring-crds'),
      module: 'github.com/prometheus-operator/prometheus-operator',
      folders: ['example/prometheus-operator-crd'],
    },
  ],
};

/** The judge of alerting rules. */
export const PROMTOOL = partOfPrometheus('promtool');

/** The server. It is kept apart, since most tests need the judge alone. */
export const PROMETHEUS = partOfPrometheus('prometheus');

/** The Lua 5.1 interpreter that Argo CD runs health checks with. */
export const GOPHER_LUA: PartSet<'glua'> = {
  name: 'gopher-lua',
  version: pinnedVersion('gopher-lua', 'github.com/yuin/gopher-lua'),
  linkerFlags: '-s -w',
  buildTime: 'some seconds',
  modules: [
    {
      folder: moduleFolder('gopher-lua'),
      programs: [{ part: 'glua', source: 'github.com/yuin/gopher-lua/cmd/glua', builtAs: 'glua' }],
    },
  ],
  documents: [],
};

/** What the bench compares memory with: it caches the same objects as controllers of controller-runtime do. */
export const CONTROLLER_RUNTIME: PartSet<'controller-runtime'> = {
  name: 'controller-runtime',
  version: pinnedVersion('controller-runtime', 'sigs.k8s.io/controller-runtime'),
  linkerFlags: '-s -w',
  buildTime: 'about two minutes on two cores',
  modules: [
    {
      folder: moduleFolder('controller-runtime'),
      programs: [{ part: 'controller-runtime', source: '.', builtAs: 'controller-runtime' }],
    },
  ],
  documents: [],
};

/** The manager of kubectl's plugins. */
export const KREW: PartSet<'krew'> = {
  name: 'krew',
  version: pinnedVersion('krew', 'sigs.k8s.io/krew'),
  linkerFlags: '-s -w',
  buildTime: 'about a minute on two cores',
  modules: [
    {
      folder: moduleFolder('krew'),
      programs: [{ part: 'krew', source: 'sigs.k8s.io/krew/cmd/krew', builtAs: 'krew' }],
    },
  ],
  documents: [],
};

/** The controller of Argo Rollouts, its plugin for kubectl, and its CRDs. */
export type ArgoRolloutsPart = 'rollouts-controller' | 'kubectl-argo-rollouts' | 'argo-rollouts.yaml';

export const ARGO_ROLLOUTS: PartSet<ArgoRolloutsPart> = {
  name: 'argo-rollouts',
  version: pinnedVersion('argo-rollouts', 'github.com/argoproj/argo-rollouts'),
  linkerFlags: '-s -w',
  buildTime: 'about four minutes on two cores',
  modules: [
    {
      folder: moduleFolder('argo-rollouts'),
      programs: [argoRollouts('rollouts-controller'), argoRollouts('kubectl-argo-rollouts')],
    },
  ],
  documents: [
    {
      part: 'argo-rollouts.yaml',
      moduleFolder: moduleFolder('argo-rollouts'),
      module: 'github.com/argoproj/argo-rollouts',
      folders: ['manifests/crds'],
    },
  ],
};

function argoRollouts<Name extends string>(name: Name): GoProgram<Name> {
  return { part: name, source: `github.com/argoproj/argo-rollouts/cmd/${name}`, builtAs: name };
}

/** A headless Argo CD: its one program, a redis for its caches, and its CRDs and configuration. */
export type ArgoCdPart = 'argocd' | 'redis' | 'argo-cd.yaml';

export const ARGO_CD: PartSet<ArgoCdPart> = {
  name: 'argo-cd',
  version: pinnedVersion('argo-cd', 'github.com/argoproj/argo-cd/v3'),
  linkerFlags: '-s -w',
  buildTime: 'about five minutes on two cores',
  modules: [
    {
      folder: moduleFolder('argo-cd'),
      programs: [{ part: 'argocd', source: 'github.com/argoproj/argo-cd/v3/cmd', builtAs: 'cmd' }],
    },
    { folder: moduleFolder('redis'), programs: [{ part: 'redis', source: '.', builtAs: 'redis' }] },
  ],
  documents: [
    {
      part: 'argo-cd.yaml',
      moduleFolder: moduleFolder('argo-cd'),
      module: 'github.com/argoproj/argo-cd/v3',
      folders: ['manifests/crds', 'manifests/base/config'],
    },
  ],
};

type FluxController = 'source-controller' | 'kustomize-controller';

/** As much of Flux as applies a Git repository: two controllers, and the CRDs of each. */
export type FluxPart = FluxController | `${FluxController}.yaml`;

const fluxController = (name: FluxController): GoProgram<FluxController> => ({
  part: name,
  source: `github.com/fluxcd/${name}`,
  builtAs: name,
});

const fluxCrds = (name: FluxController): GoDocuments<`${FluxController}.yaml`> => ({
  part: `${name}.yaml`,
  moduleFolder: moduleFolder('flux'),
  module: `github.com/fluxcd/${name}`,
  folders: ['config/crd/bases'],
});

export const FLUX: PartSet<FluxPart> = {
  name: 'flux',
  version: pinnedVersion('flux', 'github.com/fluxcd/kustomize-controller'),
  linkerFlags: '-s -w',
  buildTime: 'about five minutes on two cores',
  modules: [
    {
      folder: moduleFolder('flux'),
      programs: [fluxController('source-controller'), fluxController('kustomize-controller')],
    },
  ],
  documents: [fluxCrds('source-controller'), fluxCrds('kustomize-controller')],
};

function partOfPrometheus<Part extends string>(part: Part): PartSet<Part> {
  return {
    name: part,
    version: pinnedVersion('prometheus', 'github.com/prometheus/prometheus'),
    linkerFlags: '-s -w',
    buildTime: 'about three minutes on two cores',
    modules: [
      {
        folder: moduleFolder('prometheus'),
        // Without the clients of a dozen clouds, in which Prometheus could look for what to scrape.
        tags: 'remove_all_sd',
        programs: [{ part, source: `github.com/prometheus/prometheus/cmd/${part}`, builtAs: part }],
      },
    ],
    documents: [],
  };
}

/** The names of all parts, programs first. */
export function partsOf<Part extends string>({ modules, documents }: PartSet<Part>): readonly Part[] {
  return [...modules.flatMap(({ programs }) => programs), ...documents].map(({ part }) => part);
}

/** Changes with whatever changes the parts, so that a cache never answers with others. */
export function keyOf({ version, linkerFlags, modules }: PartSet): string {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${linkerFlags}`);
  for (const { folder, tags } of modules) {
    if (tags !== undefined) hash.update(tags);
    for (const file of globSync(['go.mod', 'go.sum', '**/*.go'], { cwd: folder }).sort()) {
      hash.update(readFileSync(`${folder}/${file}`));
    }
  }
  return `${version}-${hash.digest('hex').slice(0, 12)}`;
}

/** Without these the API server calls itself v0.0.0, which clients rightly refuse to believe. */
function kubernetesLinkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const base = 'k8s.io/component-base/version';
  return `-s -w -X ${base}.gitVersion=${version} -X ${base}.gitMajor=${major} -X ${base}.gitMinor=${minor}`;
}

/** The version of the module that the go.mod of the folder requires. */
function pinnedVersion(folder: string, module: string): string {
  const lines = readFileSync(`${moduleFolder(folder)}/go.mod`, 'utf8').split('\n');
  // The module of a tool may be named a second time, as that: without a version.
  const named = lines.map((line) => line.trim().split(' ')).filter(([name]) => name === module);
  const version = named.find(({ length }) => length > 1)?.[1];
  if (version === undefined) throw new Error(`test/cluster/go/${folder}/go.mod names no version of ${module}`);
  return version;
}

function moduleFolder(name: string): string {
  return fileURLToPath(new URL(`go/${name}`, import.meta.url));
}
