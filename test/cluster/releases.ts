/** A file of a release, and the programs in it. */
export interface ReleaseFile<Part extends string = string> {
  /** A tar archive, compressed by gzip. */
  readonly url: string;
  /** Of the whole file: the algorithm, a colon, and hexadecimal digits. */
  readonly checksum: string;
  readonly programs: readonly { readonly part: Part; readonly member: string }[];
}

type Checksums = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** By version and platform, from CHANGELOG-1.36.md of Kubernetes. */
const KUBERNETES: Checksums = {
  'v1.36.0': {
    'linux-amd64':
      'sha512:1c64da92575451c2c7ff97c79b772e603995f8e76da1371a6b0746aaa27b65dce81c4d734cbb50f40e71486a8e08df36f14e12974f97d4d29e41f23a172a6a25',
    'linux-arm64':
      'sha512:7f95e451baedd9368a2fa637afa84c9ed1b958736540ca27a379e5e292e1a10c5d9a29539f833047574bf5d3b6f907f32dee5735acecc11aa4686f078108dcf8',
  },
};

/** By version and platform, from SHA256SUMS of the release, as Kubespray pins them too. */
const ETCD: Checksums = {
  'v3.6.14': {
    'linux-amd64': 'sha256:ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5',
    'linux-arm64': 'sha256:fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e',
  },
};

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The platform of this process in the words of Go. */
export const PLATFORM = `${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;

type KubernetesPart = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

const KUBERNETES_PARTS: readonly KubernetesPart[] = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/** The server programs of Kubernetes; none where no checksum stands above. */
export function kubernetesRelease(version: string, platform: string): readonly ReleaseFile<KubernetesPart>[] {
  const checksum = KUBERNETES[version]?.[platform];
  if (checksum === undefined) return [];
  return [
    {
      url: `https://dl.k8s.io/${version}/kubernetes-server-${platform}.tar.gz`,
      checksum,
      programs: KUBERNETES_PARTS.map((part) => ({ part, member: `kubernetes/server/bin/${part}` })),
    },
  ];
}

/** etcd; nothing where no checksum stands above. */
export function etcdRelease(version: string, platform: string): readonly ReleaseFile<'etcd'>[] {
  const checksum = ETCD[version]?.[platform];
  if (checksum === undefined) return [];
  const name = `etcd-${version}-${platform}`;
  return [
    {
      url: `https://github.com/etcd-io/etcd/releases/download/${version}/${name}.tar.gz`,
      checksum,
      programs: [{ part: 'etcd', member: `${name}/etcd` }],
    },
  ];
}
