/** What the tests want to know of the repository's Markdown files. */
import { glob, readFile } from 'node:fs/promises';

export const ROOT = new URL('../../../', import.meta.url);

export interface Block {
  /** The word after the fence, such as `yaml`. */
  readonly language: string;
  readonly text: string;
}

export interface MarkdownFile {
  /** From the root of the repository. */
  readonly path: string;
  /** Without fenced blocks. */
  readonly prose: string;
  readonly blocks: readonly Block[];
}

const FENCE = /^ *```(\w*)\n([\s\S]*?)^ *```$/gm;

export async function markdownFiles(): Promise<readonly MarkdownFile[]> {
  const files: MarkdownFile[] = [];
  const exclude = (name: string): boolean => ['node_modules', '.git', 'dist'].includes(name);
  for await (const path of glob('{.github/**/,docs/**/,charts/**/,test/**/,}*.md', { cwd: ROOT, exclude })) {
    files.push(parseMarkdown(path, await readFile(new URL(path, ROOT), 'utf8')));
  }
  return files;
}

export function parseMarkdown(path: string, text: string): MarkdownFile {
  const blocks = [...text.matchAll(FENCE)].map(([, language = '', inner = '']) => ({ language, text: inner }));
  return { path, prose: text.replaceAll(FENCE, ''), blocks };
}

/** Targets of links and pictures. */
export const linksOf = ({ prose }: MarkdownFile): readonly string[] =>
  [...withoutCode(prose).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

const withoutCode = (prose: string): string => prose.replaceAll(/`[^`\n]+`/g, 'code');

/** The text of each code span. */
export const codeSpans = ({ prose }: MarkdownFile): readonly string[] =>
  [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

/** As GitHub makes them of headings; a second one of the same words gets a number. */
export function anchorsOf({ prose }: MarkdownFile): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => {
    const slug = slugOf(heading);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

const slugOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
