// Laufwerke und die Sammlung der Abbilder.

import type { media as words } from '../en/media'

export const media: Record<keyof typeof words, string> = {
}
