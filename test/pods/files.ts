/** Volumes and mounts as a kubelet makes them, below a temporary folder. */
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeFiles } from './materials.ts';
import type { Container } from './pod.ts';

/** Writes the volume again: the files appear all at once, as a link to a folder that is complete. */
export async function writeVolume(podFolder: string, name: string, files: VolumeFiles): Promise<void> {
  const volume = volumeFolder(podFolder, name);
  await mkdir(dirname(volume), { recursive: true });
  const version = await mkdtemp(`${volume}.`);
  for (const [path, content] of files) {
    await mkdir(dirname(join(version, path)), { recursive: true });
    await writeFile(join(version, path), content);
  }
  const link = join(version, '..link');
  await symlink(version, link);
  await rename(link, volume);
}

/** Mounts volumes below `root`: as a link, so that later versions are seen, or of a subPath as a copy, which stays. */
export async function mount(podFolder: string, root: string, { volumeMounts }: Container, names: readonly string[]) {
  await rm(root, { recursive: true, force: true });
  for (const { name, mountPath, subPath } of volumeMounts.filter((one) => names.includes(one.name))) {
    const target = join(root, mountPath);
    await mkdir(dirname(target), { recursive: true });
    const volume = volumeFolder(podFolder, name);
    await (subPath === undefined ? symlink(volume, target) : copyFile(join(volume, subPath), target));
  }
}

const volumeFolder = (podFolder: string, name: string): string => join(podFolder, 'volumes', name);
