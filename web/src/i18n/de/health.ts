// Wie es dem Server selbst geht.

import type { health as words } from '../en/health'

export const health: Record<keyof typeof words, string> = {
}
