// A page that nobody sees or that does not run: its picture is old until the PC has sent it anew.

import { useEffect, useRef, useState } from 'react'

/** How often it is looked whether the page runs, and the gap that tells that it did not: a machine that slept. */
const BEAT = 1_000
const GAP = 5_000

const hidden = () => document.visibilityState === 'hidden'

/**
 * Whether what is shown may be old: from when the page goes out of sight, is frozen or its machine sleeps, until `renew`
 * has said, after its return, that the picture is fresh. When it is not, `lost` is called.
 */
export function useReturned(running: boolean, renew: () => Promise<boolean>, lost: () => void): boolean {
  const [old, setOld] = useState(false)
  const deeds = useRef({ renew, lost })
  deeds.current = { renew, lost }
  useEffect(() => {
    if (!running) return
    let asking = false
    // It was away again: an answer to what was asked before may be older than that.
    let anew = false
    let beat = Date.now()
    let here = true
    const back = async () => {
      setOld(true)
      anew = true
      if (asking || hidden()) return
      asking = true
      let fresh = true
      while (fresh && anew && here && !hidden()) {
        anew = false
        fresh = await deeds.current.renew()
      }
      asking = false
      if (!here || hidden()) return
      if (fresh) setOld(false)
      else deeds.current.lost()
    }
    const freeze = () => setOld(true)
    const resume = () => void back()
    const timer = setInterval(() => {
      const now = Date.now()
      const slept = now - beat > GAP
      beat = now
      if (slept) void back()
    }, BEAT)
    document.addEventListener('visibilitychange', resume)
    document.addEventListener('freeze', freeze)
    document.addEventListener('resume', resume)
    if (hidden()) setOld(true)
    return () => {
      here = false
      clearInterval(timer)
      document.removeEventListener('visibilitychange', resume)
      document.removeEventListener('freeze', freeze)
      document.removeEventListener('resume', resume)
      setOld(false)
    }
  }, [running])
  return old
}
