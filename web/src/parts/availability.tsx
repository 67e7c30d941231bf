// When a PC was here: a bar, and the same as a table.

import { useState } from 'react'
import { get } from '../api'
import { duration, exactly, language, t, when } from '../i18n'
import { phrase } from '../i18n/phrases'
import { wordOf } from '../i18n/happened'
import { useLoad } from '../state'
import { quoted, Shells } from './shells'
import { Await } from './states'

export interface Span {
  presence: 'connected' | 'away' | 'unknown'
  from: string
  until: string
  reason?: string
  detail?: string
  byDevice?: boolean
}

interface Answer {
  from: string
  until: string
  connectedSeconds: number
  awaySeconds: number
  spans: Span[]
}

export const RANGES = ['24h', '7d', '30d'] as const
export type Range = (typeof RANGES)[number]

/** How often it is asked for again when nothing happens. */
const EVERY = 60_000
/** Units of the drawing's width. */
const WIDTH = 1000
const HEIGHT = 24
/** Narrower than that a gap could not be seen. */
const LEAST = 2

const secondsOf = (span: Span) => (Date.parse(span.until) - Date.parse(span.from)) / 1000

/** Rounded down: all of it is said only when there was no gap. */
export function share(connected: number, away: number): string {
  const known = connected + away
  if (known === 0) return t('state.unknown')
  const permille = Math.floor((connected / known) * 1000)
  return t('availability.share', { percent: (permille / 10).toLocaleString(language()) })
}

function why(span: Span): string {
  if (span.presence !== 'away') return ''
  if (!span.reason) return t('availability.noReason')
  const reason = wordOf('end', span.reason)
  return span.detail ? `${reason}: ${phrase(span.detail) ?? span.detail}` : reason
}

export function Availability({ guid, name }: { guid: string; name: string }) {
  const [range, setRange] = useState<Range>('24h')
  const path = `/devices/${guid}/availability?range=${range}`
  const answer = useLoad(() => get<Answer>(path), [path], EVERY)
  return (
    <section className="availability">
      <header className="heading">
        <h2>{t('availability.title')}</h2>
        <div className="actions" role="group" aria-label={t('availability.range')}>
          {RANGES.map((one) => (
            <button key={one} className="small" aria-pressed={one === range} onClick={() => setRange(one)}>{t(`availability.${one}`)}</button>
          ))}
          <Shells cli={`viaduct devices availability ${quoted(name)} --range ${range}`} method="GET" path={path} />
        </div>
      </header>
      <Await of={answer}>
        {(a) => {
          const gaps = a.spans.filter((span) => span.presence === 'away' && secondsOf(span) >= 1)
          return (
            <>
              <Bar answer={a} />
              <p className="ends muted"><span>{when(a.from)}</span> <strong>{share(a.connectedSeconds, a.awaySeconds)}</strong> <span>{t('availability.now')}</span></p>
              {gaps.length === 0 ? <p>{t('availability.noGap')}</p> : (
                <details>
                  <summary>{t('availability.gaps', { n: gaps.length, time: duration(a.awaySeconds) })}</summary>
                  <Gaps gaps={gaps} />
                </details>
              )}
            </>
          )
        }}
      </Await>
    </section>
  )
}

function Bar({ answer: { from, until, spans, connectedSeconds, awaySeconds } }: { answer: Answer }) {
  const start = Date.parse(from)
  const scale = WIDTH / (Date.parse(until) - start)
  // Those that are here go first, so that a short gap is not painted over.
  const drawn = [...spans].sort((a, b) => Number(a.presence === 'away') - Number(b.presence === 'away'))
  return (
    <svg className="bar" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={share(connectedSeconds, awaySeconds)}>
      {drawn.map((span) => {
        const width = Math.max((Date.parse(span.until) - Date.parse(span.from)) * scale, span.presence === 'away' ? LEAST : 0)
        const away = span.presence === 'away'
        return (
          <rect
            key={span.from} className={span.presence} x={Math.min((Date.parse(span.from) - start) * scale, WIDTH - LEAST)} width={width}
            y={away ? HEIGHT / 2 : 0} height={away ? HEIGHT / 2 : HEIGHT}
          >
            <title>{[t(`state.${span.presence}`), duration(secondsOf(span)), exactly(span.from), why(span)].filter(Boolean).join(', ')}</title>
          </rect>
        )
      })}
    </svg>
  )
}

/** The latest first. */
function Gaps({ gaps }: { gaps: Span[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('availability.title')}>
      <table>
        <thead>
          <tr><th scope="col">{t('availability.from')}</th><th scope="col">{t('availability.length')}</th><th scope="col">{t('availability.why')}</th></tr>
        </thead>
        <tbody>
          {[...gaps].reverse().map((gap) => (
            <tr key={gap.from}>
              <td><time dateTime={gap.from} title={exactly(gap.from)}>{new Date(gap.from).toLocaleString(language())}</time></td>
              <td>{duration(secondsOf(gap))}</td>
              <td>{why(gap)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const LETTERS: Record<string, string> = { c: 'connected', p: 'partly', a: 'away', u: 'unknown' }

/** The last 24 hours in a row of a table. */
export function SmallBar({ hours }: { hours: string }) {
  const letters = [...hours]
  const known = letters.filter((one) => one !== 'u')
  const here = known.filter((one) => one === 'c').length
  const words = known.length === 0 ? t('state.unknown') : t('availability.hours', { here, known: known.length })
  return (
    <svg className="bar small" viewBox={`0 0 ${letters.length * 4} 16`} role="img" aria-label={words}>
      <title>{words}</title>
      {letters.map((one, at) => (
        <rect
          key={at} className={LETTERS[one]} x={at * 4} width="3"
          y={one === 'c' ? 0 : one === 'p' ? 5 : 10} height={one === 'c' ? 16 : one === 'p' ? 11 : 6}
        />
      ))}
    </svg>
  )
}
