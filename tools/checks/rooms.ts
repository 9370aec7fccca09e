import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const FILES_MAX = 15;
// Rooms whose folders are rooms themselves.
const BUILDINGS = ['services', 'simulators'];

/** Rooms with more files at their root than a reader takes in at a glance; group them by what they are about. */
export function crowdedRooms(
  root: string,
  rooms: readonly string[],
): { readonly rooms: number; readonly problems: readonly string[] } {
  const all = rooms.filter((room) => existsSync(join(root, room))).flatMap((room) => withInner(root, room));
  const problems = all.flatMap((room) => {
    const files = filesAt(join(root, room)).length;
    return files > FILES_MAX ? [`${room} has ${files} files at its root, more than ${FILES_MAX}`] : [];
  });
  return { rooms: all.length, problems };
}

function withInner(root: string, room: string): string[] {
  if (!BUILDINGS.includes(room)) return [room];
  return [room, ...readdirSync(join(root, room)).map((name) => join(room, name))];
}

function filesAt(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.') && statSync(join(folder, name)).isFile());
}
