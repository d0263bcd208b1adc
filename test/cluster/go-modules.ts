import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a control plane is made of: programs, and the documents that tell kwok how to play nodes and pods. */
export type PartName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kwok'
  | 'kwok-stages.yaml';

/** A Go program: the package it is built from, and the name that go gives it. */
export interface GoProgram {
  readonly part: PartName;
  readonly source: string;
  readonly builtAs: string;
}

/** A folder with a go.mod that pins programs which can be built together. */
export interface GoModule {
  readonly folder: string;
  readonly programs: readonly GoProgram[];
}

const kubernetes = (name: PartName): GoProgram => ({
  part: name,
  source: `k8s.io/kubernetes/cmd/${name}`,
  builtAs: name,
});

export const GO_MODULES: readonly GoModule[] = [
  {
    folder: moduleFolder('etcd-and-kwok'),
    programs: [
      { part: 'etcd', source: 'go.etcd.io/etcd/server/v3', builtAs: 'server' },
      { part: 'kwok', source: 'sigs.k8s.io/kwok/cmd/kwok', builtAs: 'kwok' },
    ],
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
];

/** Where kwok's Stage documents come from. */
export const KWOK_STAGES = {
  moduleFolder: moduleFolder('etcd-and-kwok'),
  module: 'sigs.k8s.io/kwok',
  folders: ['kustomize/stage/node/fast', 'kustomize/stage/node/heartbeat', 'kustomize/stage/pod/fast'],
} as const;

/** Without these the API server calls itself v0.0.0, which clients rightly refuse to believe. */
export function linkerFlags(): string {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  const base = 'k8s.io/component-base/version';
  return `-s -w -X ${base}.gitVersion=${version} -X ${base}.gitMajor=${major} -X ${base}.gitMinor=${minor}`;
}

/** Changes with whatever changes the programs, so that a cache never answers with others. */
export function partsKey(): string {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${linkerFlags()}`);
  for (const { folder } of GO_MODULES) {
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(`${folder}/${file}`));
  }
  return `${kubernetesVersion()}-${hash.digest('hex').slice(0, 12)}`;
}

function kubernetesVersion(): string {
  const goMod = readFileSync(`${moduleFolder('kubernetes')}/go.mod`, 'utf8');
  const version = /^\s*k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('test/cluster/go/kubernetes/go.mod names no version of k8s.io/kubernetes');
  return version;
}

function moduleFolder(name: string): string {
  return fileURLToPath(new URL(`go/${name}`, import.meta.url));
}
