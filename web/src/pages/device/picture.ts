// The screen's connection: picture, keys and mouse of the toolkit put together, with figures of how it does.

import {
  AMTDesktop, DataProcessor, KeyBoardHelper, MouseHelper, type AMTRedirector
} from '@device-management-toolkit/ui-toolkit/core'
import type { Device } from '../../api'
import { begin, onClosed, redirector } from '../../redirection'
import { follow } from './keys'

/** A pause between mouse moves, in milliseconds. */
const MOUSE_PAUSE = 50
/** RFB's request for a picture. */
const REQUEST = 3
/** What arrived while the page was away is taken within this, in milliseconds; what comes afterwards is new. */
const DRAIN = 100
/** A PC that says nothing for so long after it was asked, in milliseconds, is not heard any more. */
const SILENCE = 8_000
/** A picture that does not change sends nothing; after so long, in milliseconds, the PC is asked for a corner of it. */
const QUIET = 10_000
/** Width and height of that corner. */
const CORNER = 8

export interface Figures {
  fps: number
  latency: number
  /** Pictures and pieces of them that came since the session began. */
  received: number
}

export interface Live {
  source: AMTRedirector
  keys: KeyBoardHelper
  /** Keys that the PC was told are down. */
  held: ReadonlySet<number>
  mouse: MouseHelper
  /** Since the last call: pictures a second, and how long the last answer took. */
  figures: () => Figures
  /** Asks for the whole picture; whether it came. */
  renew: () => Promise<boolean>
  /** Whether the PC answers; to be asked again and again. One that was quiet for long is asked for a corner of the picture. */
  answers: () => boolean
}

interface Told {
  state: (next: number) => void
  /** `halted`: the browser had halted the page. */
  closed: (reason: string, halted: boolean) => void
}

export interface Wish {
  /** Bytes of a pixel: 1 is quick, 2 has all colours. */
  depth: 1 | 2
  takeOver: boolean
}

export async function open(device: Device, context: CanvasRenderingContext2D, wish: Wish, tell: Told): Promise<Live> {
  const source = await redirector('kvm', device.guid, device.ports)
  const desktop = new AMTDesktop(context)
  const data = new DataProcessor(source, desktop)
  let asked = 0
  let pictures = 0
  let received = 0
  let latency = 0
  let since = performance.now()
  const draw = data.processData.bind(data)
  let heard = performance.now()
  let whole: (() => void) | undefined
  source.onProcessData = (piece: string) => {
    heard = performance.now()
    if (asked) {
      latency = performance.now() - asked
      asked = 0
      pictures++
      received++
    }
    draw(piece)
  }
  source.onStart = desktop.start.bind(desktop)
  // The desktop, not the socket, knows when the picture begins.
  const ownChange = desktop.onStateChange.bind(desktop)
  desktop.onStateChange = (next) => {
    ownChange(next)
    tell.state(next)
  }
  source.onNewState = desktop.onStateChange
  source.onError = () => tell.closed('', false)
  // Requests for pictures go to the socket directly.
  const send = source.send.bind(source)
  const held = new Set<number>()
  source.send = (text: string) => {
    if (text.charCodeAt(0) === REQUEST) {
      if (!asked) asked = performance.now()
      // The next one is asked for when one is complete.
      whole?.()
    }
    follow(text, held)
    send(text)
  }
  desktop.onSend = source.send
  desktop.onProcessData = data.processData.bind(data)
  desktop.bpp = wish.depth
  desktop.useZRLE = true
  const mouse = new MouseHelper(desktop, source, MOUSE_PAUSE)
  const keys = new KeyBoardHelper(desktop, source)
  begin(source, wish.takeOver)
  onClosed(source, (reason, halted) => {
    keys.UnGrabKeyInput()
    tell.closed(reason, halted)
  })
  const figures = () => {
    const now = performance.now()
    const fps = pictures / Math.max((now - since) / 1000, 0.001)
    since = now
    pictures = 0
    return { fps: Math.round(fps * 10) / 10, latency: Math.round(latency), received }
  }
  const renew = async () => {
    await pause(DRAIN)
    heard = performance.now()
    send(requestOf(context.canvas.width, context.canvas.height))
    return new Promise<boolean>((came) => {
      const over = (well: boolean) => {
        clearInterval(watch)
        whole = undefined
        came(well)
      }
      const watch = setInterval(() => { if (performance.now() - heard > SILENCE) over(false) }, 250)
      whole = () => over(true)
    })
  }
  let pulse = 0
  const answers = () => {
    const now = performance.now()
    if (now - heard < QUIET) {
      pulse = 0
      return true
    }
    if (pulse === 0) {
      pulse = now
      send(requestOf(CORNER, CORNER))
    }
    return now - pulse < SILENCE
  }
  return { source, keys, held, mouse, figures, renew, answers }
}

const pause = (time: number) => new Promise((done) => setTimeout(done, time))

/** So much of it from its upper left corner on, changed or not. */
function requestOf(width: number, height: number): string {
  const short = (value: number) => String.fromCharCode(value >> 8, value & 255)
  return String.fromCharCode(REQUEST, 0) + short(0) + short(0) + short(width) + short(height)
}
