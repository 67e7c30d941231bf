// What is in the library.

import { get, type MediaImage } from '../../api'
import { useMay } from '../../session'
import { useLoad, type Loaded } from '../../state'

/** How often it is asked for when nobody tells, in ms. */
const UNTOLD = 30_000

/** What comes and goes is told as it happens; only who may not see events has to ask. */
export function useImages(): Loaded<MediaImage[]> {
  const follows = useMay()('events.read')
  return useLoad(() => get<MediaImage[]>('/media'), [], follows ? 0 : UNTOLD)
}
