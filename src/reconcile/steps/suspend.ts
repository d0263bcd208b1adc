import { progressing } from '../../domain/conditions.ts';
import { notUnderstood } from '../../domain/not-understood.ts';
import { annotations } from '../../domain/object.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { AWAIT_CHANGE, type StepResult } from '../pass.ts';

/** A person holds the reset back. No deadline runs meanwhile. */
export const suspend = (reset: SslReset): StepResult => ({
  verdict: progressing('Suspended', suspendedMessage(reset.metadata.annotations[annotations.suspend] ?? '')),
  next: AWAIT_CHANGE,
});

const suspendedMessage = (value: string): string =>
  value === 'true'
    ? `The reset is held back by the annotation ${annotations.suspend}; nothing was called`
    : `${notUnderstood(annotations.suspend, value)}, so the reset is held back and nothing was called: set it to "true" or "false", or remove it`;
