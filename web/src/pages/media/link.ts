// How long an image takes over the link to a PC: by what was read of late, before that by how far away the PC is.

import type { Mount } from '../../api'

const BLOCK = 2_048
/** About so much is under way at once, as the command line has it too. */
const PIECE = 8 * BLOCK
/** What a small image for a boot from the network has. */
const SMALL = 2 * 1_048_576
/** An image that needs longer, in seconds, is better replaced by such a one. */
const LONG = 600

export interface Estimate {
  /** There and back. */
  milliseconds?: number
  /** For all of the image. */
  seconds?: number
  /** For a small one. */
  small?: number
  isSlow: boolean
}

export function estimate(mount: Pick<Mount, 'size' | 'bytesRead' | 'blocksPerSecond' | 'roundTripMicroseconds'>): Estimate {
  const way = mount.roundTripMicroseconds
  const expected = way === null ? 0 : PIECE / (Math.max(way, 100) / 1_000_000)
  // What was just begun says little.
  const read = mount.bytesRead >= 64 * BLOCK ? mount.blocksPerSecond * BLOCK : 0
  const speed = read || expected
  const seconds = speed > 0 ? mount.size / speed : undefined
  return {
    milliseconds: way === null ? undefined : way / 1_000,
    seconds,
    small: speed > 0 ? SMALL / speed : undefined,
    isSlow: seconds !== undefined && seconds >= LONG
  }
}
