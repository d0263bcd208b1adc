/**
 * Packages the chart of a release: with the image that is published, and links to the docs of its version.
 * Builds Helm when it is not there yet.
 * Usage: package-chart.ts --image ghcr.io/owner/name --home https://github.com/owner/name [--output dist]
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { parseDocument } from 'yaml';
import { findOrBuildChartTools } from '../test/cluster/binaries.ts';
import { logToStderr } from '../test/cluster/log.ts';

const NAME = 'cloudsql-ssl-operator';
const SOURCE = fileURLToPath(new URL(`../charts/${NAME}`, import.meta.url));
const { values } = parseArgs({
  options: { image: { type: 'string' }, home: { type: 'string' }, output: { type: 'string', default: 'dist' } },
});
const { image, home, output } = values;
if (image === undefined || home === undefined) throw new Error('--image and --home are needed');

type Setting = readonly [path: readonly string[], value: unknown];

/** Comments and order stay as they are. */
async function edit(path: string, settings: readonly Setting[]): Promise<void> {
  const document = parseDocument(await readFile(path, 'utf8'));
  for (const [at, value] of settings) document.setIn(at, value);
  await writeFile(path, document.toString({ lineWidth: 0 }));
}

const folder = await mkdtemp(join(tmpdir(), 'chart-'));
try {
  const chart = join(folder, NAME);
  await cp(SOURCE, chart, { recursive: true });
  const { version } = parseDocument(await readFile(join(chart, 'Chart.yaml'), 'utf8')).toJS();
  await edit(join(chart, 'Chart.yaml'), [
    [['home'], home],
    [['sources'], [home]],
  ]);
  await edit(join(chart, 'values.yaml'), [
    [['image', 'repository'], image],
    [['prometheusRule', 'runbookBaseUrl'], `${home}/blob/v${version}/docs/runbooks.md`],
  ]);
  await mkdir(output, { recursive: true });
  const helm = (await findOrBuildChartTools({ log: logToStderr }))('helm');
  await promisify(execFile)(helm, ['package', chart, `--destination=${output}`]);
  console.log(join(output, `${NAME}-${version}.tgz`));
} finally {
  await rm(folder, { recursive: true });
}
