/** Kubernetes objects that a Markdown file shows: in blocks of YAML, and in what its shell blocks hand to kubectl. */
import { parseAllDocuments } from 'yaml';
import type { Block, MarkdownFile } from './markdown.ts';

export interface ShownObject {
  readonly path: string;
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: object;
    readonly spec?: unknown;
  };
}

const HEREDOC = /<<'EOF'\n([\s\S]*?)\nEOF$/gm;

export const objectsIn = (files: readonly MarkdownFile[]): readonly ShownObject[] =>
  files.flatMap(({ path, blocks }) =>
    blocks.flatMap(yamlOf).flatMap((text) =>
      parseAllDocuments(text)
        .map((document) => document.toJSON())
        .filter((object) => object?.apiVersion !== undefined && object.kind !== undefined)
        .map((object) => ({ path, object })),
    ),
  );

function yamlOf({ language, text }: Block): readonly string[] {
  if (language === 'yaml') return [text];
  return language === 'sh' ? [...text.matchAll(HEREDOC)].map(([, inner = '']) => inner) : [];
}
