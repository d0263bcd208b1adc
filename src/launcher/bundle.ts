/**
 * The bundle, and what V8 has compiled of it. Node's compile cache has a program as it is before it runs, without the
 * functions that are compiled when they are first called: these are nearly all, and take a third of the start.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** Of the bundle's text: code of any other is not even found. V8 itself compares no more than its own version and flags. */
declare const BUNDLE_ID: string;

export class Bundle {
  readonly #folder: string;
  readonly #path: string;
  readonly #cachePath: string;
  readonly #script: Script;

  /** @param folder where the bundle is, and its code */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = `${folder}/cloudsql-ssl-operator.cjs`;
    this.#cachePath = `${folder}/${BUNDLE_ID}.code`;
    const cachedData = contents(this.#cachePath);
    // All but names of people in comments is ASCII, sees the build to it.
    const text = `(function(require,module,exports,__filename,__dirname){${readFileSync(this.#path, 'latin1')}\n})`;
    this.#script = new Script(text, { filename: this.#path, ...(cachedData && { cachedData }) });
  }

  /** Whether code was there, and V8 has taken it. */
  get isFromCode(): boolean {
    return this.#script.cachedDataRejected === false;
  }

  run(): void {
    const module = { exports: {} };
    this.#script.runInThisContext()(createRequire(this.#path), module, module.exports, this.#path, this.#folder);
  }

  /** Keeps what V8 has compiled until now, for the next start with the same flags. */
  saveCode(): void {
    writeFileSync(this.#cachePath, this.#script.createCachedData());
  }
}

function contents(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
