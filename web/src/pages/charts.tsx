// The fleet's curves over the last hour or week.

import { useMemo } from 'react'
import { get, type Bytes } from '../api'
import { duration, isKey, size, t } from '../i18n'
import { Await, useQuery } from '../parts'
import { Chart, type Series } from '../parts/chart'
import { useLoad } from '../state'

interface Point {
  time: string
  tunnels: number
  channels: number
  redirections: Record<string, number>
  connects: Record<string, number>
  ends: Record<string, number>
  failures: Record<string, number>
  bytes: Bytes
}

interface History {
  intervalSeconds: number
  points: Point[]
}

/** The server's words for why a PC dialled in. */
const REASONS: Record<string, string> = {
  'the user asked for it': 'user', 'an alert': 'alert', provisioning: 'provisioning',
  'the periodic timer': 'periodic', 'not said': 'unsaid'
}
const MODES = ['kvm', 'sol', 'ider']

export default function Charts() {
  const [query, change] = useQuery()
  const range = query.get('range') === 'week' ? 'week' : 'hour'
  const history = useLoad(() => get<History>(`/stats/history?range=${range}`), [range], 10_000)
  return (
    <section className="charts">
      <div className="heading">
        <h2>{t(`overview.range.${range}`)}</h2>
        <div className="actions">
          {(['hour', 'week'] as const).map((name) => (
            <button key={name} aria-pressed={range === name} onClick={() => change({ range: name === 'hour' ? '' : name })}>
              {t(`overview.button.${name}`)}
            </button>
          ))}
        </div>
      </div>
      <Await of={history}>{(h) => (h.points.length < 2 ? <p className="muted">{t('overview.nopoints')}</p> : <Curves history={h} />)}</Await>
    </section>
  )
}

function Curves({ history: { points, intervalSeconds } }: { history: History }) {
  const curves = useMemo(() => {
    const words = (of: (point: Point) => Record<string, number>) => [...new Set(points.flatMap((point) => Object.keys(of(point))))].sort()
    const series = (label: string, value: (point: Point) => number): Series => ({ label, values: points.map(value) })
    const named = (prefix: string, word: string) => {
      const key = `${prefix}${word}`
      return isKey(key) ? t(key) : word
    }
    const connects = words((p) => p.connects).map((word) =>
      series(named('overview.reason.', REASONS[word] ?? word), (p) => p.connects[word] ?? 0))
    const failures = words((p) => p.failures).map((word) =>
      series(t('overview.failed', { stage: named('overview.stage.', word) }), (p) => p.failures[word] ?? 0))
    return {
      times: points.map((point) => new Date(point.time).getTime() / 1000),
      tunnels: [series(t('overview.connected'), (p) => p.tunnels)],
      connects: connects.length + failures.length ? [...connects, ...failures] : [series(t('overview.connects'), () => 0)],
      traffic: [
        series(t('overview.from'), (p) => p.bytes.fromDevice / intervalSeconds),
        series(t('overview.to'), (p) => p.bytes.toDevice / intervalSeconds)
      ],
      sessions: MODES.map((mode) => series(named('redirections.mode.', mode), (p) => p.redirections[mode] ?? 0))
    }
  }, [points, intervalSeconds])
  const perSecond = (value: number) => `${size(value)}/s`
  return (
    <div className="columns">
      <Chart title={t('overview.chart.tunnels')} times={curves.times} series={curves.tunnels} />
      <Chart title={t('overview.chart.connects', { time: duration(intervalSeconds) })} times={curves.times} series={curves.connects} />
      <Chart title={t('overview.chart.traffic')} times={curves.times} series={curves.traffic} figure={perSecond} />
      <Chart title={t('overview.chart.sessions')} times={curves.times} series={curves.sessions} />
    </div>
  )
}
