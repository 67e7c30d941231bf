// Einen PC aufnehmen.

import type { add as words } from '../en/add'

export const add: Record<keyof typeof words, string> = {
}
