// Screens and terminals of this page that are live, by the device; for who must end them before doing something else.

const live = new Map<string, Set<(why: string) => void>>()

/** Until the result is called, `closeAll` of this device calls `close`. */
export function keepLive(guid: string, close: (why: string) => void): () => void {
  const all = live.get(guid) ?? new Set()
  live.set(guid, all.add(close))
  return () => void all.delete(close)
}

export const liveOf = (guid: string): number => live.get(guid)?.size ?? 0

export function closeAll(guid: string, why: string) {
  live.get(guid)?.forEach((close) => close(why))
}
