import { X509Certificate } from 'node:crypto';
import { KIND } from '../../domain/reset/ssl-reset.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { Failure, UsageError } from '../errors.ts';
import { type Draft, manifestOf } from '../manifest.ts';
import { read, selectionOf } from '../selection.ts';
import { nameOf } from '../shown-object.ts';

export interface InitOptions {
  readonly from?: string;
  readonly fromSecret?: string;
  readonly fromConfigmap?: string;
  readonly key: string;
  readonly project?: string;
  readonly instance?: string;
  readonly requestId?: string;
}

/** Prints the manifest; writes nothing. */
export async function init(context: Context, name: string | undefined, options: InitOptions): Promise<ExitCode> {
  const given = [options.from, options.fromSecret, options.fromConfigmap].filter((source) => source !== undefined);
  if (given.length !== 1) throw new UsageError('Name one of --from, --from-secret and --from-configmap');
  const draft = options.from === undefined ? fromPublished : fromObject;
  context.stdout.write(manifestOf(await draft(context, name, options)));
  return EXIT.done;
}

/** What the object asks for, once more. */
async function fromObject(context: Context, name: string | undefined, options: InitOptions): Promise<Draft> {
  if (options.project !== undefined || options.instance !== undefined) {
    throw new UsageError('--from takes project and instance from the object: leave out --project and --instance');
  }
  const objects = await read(context.kubectl, selectionOf([options.from ?? '']));
  const object = objects.find(({ kind }) => kind === KIND);
  if (object === undefined) throw new UsageError(`${options.from} is no ${KIND}`);
  const { metadata, spec, status } = object;
  const serverCaSha1Fingerprint = status?.serverCa?.sha1Fingerprint;
  if (serverCaSha1Fingerprint === undefined) throw new Failure(`${nameOf(object)} has no server CA in its status yet`);
  const { requestId: before, preconditions: _preconditions, ...rest } = spec;
  const isAnother = name !== undefined && name !== metadata.name;
  // A first requestId would only be recorded for the request that is there; the new precondition is a new one.
  const wantsId = before !== undefined || isAnother || options.requestId !== undefined;
  return {
    name: name ?? metadata.name,
    namespace: metadata.namespace,
    source: `the status of ${nameOf(object)}`,
    serverCaSha1Fingerprint,
    ...(wantsId && { requestId: options.requestId ?? today(context) }),
    spec: rest,
  };
}

/** The instance of a published server CA, which goes where the old one is. */
async function fromPublished(context: Context, name: string | undefined, options: InitOptions): Promise<Draft> {
  const { project, instance, key } = options;
  if (project === undefined || instance === undefined) {
    throw new UsageError('Name the instance of the server CA with --project and --instance');
  }
  const place = options.fromSecret === undefined ? 'configmap' : 'secret';
  const object = options.fromSecret ?? options.fromConfigmap ?? '';
  const { namespace, text } = await published(context, place, object, key);
  const pem = place === 'secret' ? Buffer.from(text, 'base64').toString() : text;
  const certificate = certificateOf(pem, `${place} ${object}, key ${key}`);
  return {
    name: name ?? instance,
    namespace,
    source: `${place} ${namespace}/${object}, key ${key}; that server CA expires ${certificate.validTo}`,
    serverCaSha1Fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    requestId: options.requestId ?? today(context),
    spec: {
      project,
      instance,
      serverCa: { [place === 'secret' ? 'secretName' : 'configMapName']: object, key },
    },
  };
}

/** Of all that the object holds, such as private keys, just this key is read. */
async function published({ kubectl }: Context, place: string, name: string, key: string) {
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw new UsageError(`--key ${key} is no key of a Secret or ConfigMap`);
  const template = `{{.metadata.namespace}}{{"\\n"}}{{with .data}}{{with index . "${key}"}}{{.}}{{end}}{{end}}`;
  const output = await kubectl.read(['get', place, name, `--output=go-template=${template}`]);
  const [namespace = '', ...lines] = output.split('\n');
  const text = lines.join('\n');
  if (text.trim() === '') throw new Failure(`The ${place} ${namespace}/${name} has no key ${key}: name it with --key`);
  return { namespace, text };
}

/** The first one of a bundle: the active server CA stands first. */
function certificateOf(pem: string, place: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    // What it holds may be a secret, and the error could quote it.
    throw new Failure(`The ${place}, is no certificate`);
  }
}

const today = ({ now }: Context): string => now().toISOString().slice(0, 10);
