/**
 * Renders the chart into one file of plain YAML, for those who use no Helm. Builds Helm when it is not there yet.
 * Usage: build-manifests.ts [--image registry/name:tag] [--output dist/install.yaml]
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { isMap, parseAllDocuments } from 'yaml';
import { findOrBuildChartTools } from '../test/cluster/binaries.ts';
import { logToStderr } from '../test/cluster/log.ts';

const NAME = 'cloudsql-ssl-operator';
const CHART = fileURLToPath(new URL(`../charts/${NAME}`, import.meta.url));
const { values } = parseArgs({
  options: { image: { type: 'string' }, output: { type: 'string', default: 'dist/install.yaml' } },
});

const NAMESPACE = `# The whole operator, rendered from charts/${NAME}: kubectl apply --server-side -f
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAME}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** Said of Helm, and not true of what kubectl applies. */
const HELM_LABELS = ['helm.sh/chart', 'app.kubernetes.io/managed-by'];
const LABELS = [
  ['metadata', 'labels'],
  ['spec', 'template', 'metadata', 'labels'],
];

function withoutHelm(rendered: string): readonly string[] {
  return parseAllDocuments(rendered).flatMap((document) => {
    if (!isMap(document.contents)) return [];
    for (const path of LABELS.filter((each) => document.hasIn(each)))
      for (const label of HELM_LABELS) document.deleteIn([...path, label]);
    document.commentBefore = null;
    return [document.toString({ directives: false, lineWidth: 0 }).replace(/^---\n/, '')];
  });
}

/** `registry:5000/name:tag` and `registry/name@sha256:…` in two. */
function imageFlags(image: string): readonly string[] {
  const { repository, tag, digest } =
    /^(?<repository>.+?)(?::(?<tag>[\w][\w.-]*))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(image)?.groups ?? {};
  if (repository === undefined) throw new Error(`--image ${image} is no image`);
  const parts = { 'image.repository': repository, 'image.tag': tag, 'image.digest': digest };
  return Object.entries(parts).flatMap(([path, value]) =>
    value === undefined ? [] : [`--set-string=${path}=${value}`],
  );
}

const helm = (await findOrBuildChartTools({ log: logToStderr }))('helm');
// What is deleted by hand needs no annotation that keeps it.
const flags = ['--set=crds.keep=false', ...(values.image === undefined ? [] : imageFlags(values.image))];
const { stdout } = await promisify(execFile)(helm, ['template', NAME, CHART, `--namespace=${NAME}`, ...flags], {
  maxBuffer: 64 * 1024 * 1024,
});
await mkdir(dirname(values.output), { recursive: true });
await writeFile(values.output, [NAMESPACE, ...withoutHelm(stdout)].join('---\n'));
console.log(`${values.output}: ${values.image ?? 'the image is cloudsql-ssl-operator; name yours with --image'}`);
