// All devices in the browser: loaded once, then kept fresh by what happens, one device at a time.

import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError, get, UNREADABLE, type Device } from '../../api'
import { asApiError } from '../../parts'
import { onHappening, type Loaded } from '../../state'

/** Events are gathered so long before the devices they are about are asked for. */
const GATHER = 700
/** From so many on the whole list is loaded instead. */
const MANY = 25
/** What no event tells, such as an edited label, is seen after so long. */
const ALL = 60_000

export function useFleet(): Loaded<Device[]> {
  const [data, setData] = useState<Device[]>()
  const [error, setError] = useState<ApiError>()
  const waiting = useRef(new Set<string>())
  const all = useCallback(() => {
    waiting.current.clear()
    get<Device[]>('/devices?$top=100000').then(
      (devices) => {
        if (!Array.isArray(devices)) return setError(new ApiError(UNREADABLE, {}))
        setData(devices)
        setError(undefined)
      },
      (reason: unknown) => setError(asApiError(reason))
    )
  }, [])
  useEffect(() => {
    all()
    const every = setInterval(all, ALL)
    let timer: ReturnType<typeof setTimeout> | undefined
    const fetchWaiting = () => {
      timer = undefined
      const guids = [...waiting.current]
      waiting.current.clear()
      if (guids.length > MANY) return all()
      void Promise.all(guids.map((guid) => get<Device>(`/devices/${guid}`).catch(() => undefined))).then((fresh) => {
        const known = new Map(fresh.flatMap((device) => (device ? [[device.guid, device] as const] : [])))
        setData((old) => {
          if (!old) return old
          const next = old.map((device) => known.get(device.guid) ?? device)
          const had = new Set(old.map((device) => device.guid))
          return [...next, ...[...known.values()].filter((device) => !had.has(device.guid))]
        })
      })
    }
    const stop = onHappening((event) => {
      if (event === null) return all()
      if (!event.guid || !/^(tunnel|device)\./.test(event.type ?? '')) return
      waiting.current.add(event.guid)
      timer ??= setTimeout(fetchWaiting, GATHER)
    })
    return () => {
      clearInterval(every)
      clearTimeout(timer)
      stop()
    }
  }, [all])
  return { data, error, loading: data === undefined && error === undefined, reload: all }
}
