/** Commands that a message offers to a person: pasted into a POSIX shell, each value stays one literal word. */

/** A command with each value quoted: shell`kubectl -n ${namespace} delete pod ${name}`. */
export const shell = (words: TemplateStringsArray, ...values: readonly string[]): string =>
  words.reduce((command, word, index) => `${command}${quoted(values[index - 1] ?? '')}${word}`);

/** Characters that mean nothing to a shell in any position. */
const PLAIN = /^[\w@%+:,./-]+$/;

/** The text as one word: as it is where it is plain, else in single quotes. */
export const quoted = (text: string): string => (PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
