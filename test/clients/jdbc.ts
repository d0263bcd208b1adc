import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './program.ts';

const PROGRAM = fileURLToPath(new URL('java/Connect.java', import.meta.url));

/**
 * Has Java connect by a driver of Maven's, and by the URL and the flags of Java that it is given.
 * @param artifact group:name:version
 */
export async function jdbc(artifact: string, folder: string) {
  const [, name, version] = artifact.split(':');
  const copy = [`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  const copied = await output('mvn', ['-q', '-B', 'dependency:copy', ...copy], { cwd: folder });
  const args = (url: string, flags: readonly string[] = []): readonly string[] => [
    ...flags,
    '-cp',
    join(folder, `${name}-${version}.jar`),
    PROGRAM,
    url,
  ];
  return {
    command: (url: string) => ['java', ...args(url)] as const,
    async connect(url: string, flags?: readonly string[]): Promise<string> {
      const said = await output('java', args(url, flags));
      return copied === '' ? said : `${copied}\n${said}`;
    },
  };
}

/** The drivers take each value as it is. */
export const query = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
