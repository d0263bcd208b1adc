import type { Distribution } from '../../domain/trust/distribution.ts';

export type Owner = Pick<Distribution, 'metadata' | 'managedBy'>;

/** What stands for the object in the annotations of what it publishes, and of what is given to it. */
export const managedByOf = ({ metadata, managedBy = metadata.name }: Owner): string => managedBy;
