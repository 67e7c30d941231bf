// Lines over time, with the same figures as a table for those who cannot see them.

import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { locale, t, useLanguage } from '../i18n'
import { useColours } from './theme'

export interface Series {
  label: string
  values: (number | null)[]
}

interface Props {
  title: string
  /** Seconds since 1970, ascending. */
  times: number[]
  series: Series[]
  /** How a value is written. */
  figure?: (value: number) => string
}

const HEIGHT = 190
/** Lines differ in their pattern too, not in colour alone. */
const PATTERNS = [[], [6, 4], [2, 3], [10, 3, 2, 3], [1, 5], [14, 4]]
const INKS = ['--blue', '--green', '--amber', '--red', '--soft', '--text']
/** Steps of the axis; there is no half of a PC. */
const WHOLE = Array.from({ length: 13 }, (_, at) => [1, 2, 5].map((step) => step * 10 ** at)).flat()
/** Rows of the table; a screen reader needs the course, not each point. */
const TABLE_ROWS = 30

const plain = (value: number) => value.toLocaleString(locale(), { maximumFractionDigits: 1 })

export function Chart({ title, times, series, figure = plain }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const colours = useColours()
  const language = useLanguage()
  const shape = series.map((s) => s.label).join('\n')
  useEffect(() => {
    const element = place.current
    if (!element) return
    const made = new uPlot(options(series, figure, element.clientWidth), [times, ...series.map((s) => s.values)], element)
    plot.current = made
    const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    watcher.observe(element)
    return () => {
      watcher.disconnect()
      made.destroy()
      plot.current = null
    }
    // Made anew for other lines or colours; new figures only are put in below.
  }, [title, shape, colours, language])
  useEffect(() => {
    plot.current?.setData([times, ...series.map((s) => s.values)])
    if (plot.current) latest(plot.current)
  }, [times, series])
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <Figures title={title} times={times} series={series} figure={figure} />
    </figure>
  )
}

/** The legend names the newest figures while nobody points at others. */
function latest(plot: uPlot) {
  if ((plot.cursor.left ?? -1) < 0) plot.setLegend({ idx: plot.data[0].length - 1 }, false)
}

/** As exact as the marks of the axis are apart. */
function clock(time: number, marks: number[]): string {
  const step = (marks[1] ?? time) - (marks[0] ?? time)
  const format: Intl.DateTimeFormatOptions = step >= 86_400
    ? { day: 'numeric', month: 'short' }
    : { hour: '2-digit', minute: '2-digit', ...(step > 0 && step < 60 ? { second: '2-digit' } : {}) }
  return new Date(time * 1000).toLocaleString(locale(), format)
}

function options(series: Series[], figure: (value: number) => string, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const ink = (name: string) => style.getPropertyValue(name).trim()
  const axis = { stroke: ink('--soft'), grid: { stroke: ink('--line'), width: 0.5 }, ticks: { stroke: ink('--line'), width: 0.5 } }
  return {
    width,
    height: HEIGHT,
    scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] } },
    legend: { live: true },
    hooks: { setCursor: [latest] },
    axes: [
      { ...axis, space: 72, values: (_, at) => at.map((time) => clock(time, at)) },
      { ...axis, size: 64, incrs: WHOLE, values: (_, at) => at.map(figure) }
    ],
    series: [
      { label: t('chart.time'), value: (_, time) => (time ? new Date(time * 1000).toLocaleTimeString(locale()) : '–') },
      ...series.map((s, at) => ({
        label: s.label,
        stroke: ink(INKS[at % INKS.length] ?? '--blue'),
        dash: PATTERNS[at % PATTERNS.length],
        width: 2,
        value: (_: uPlot, value: number | null) => (value === null ? '–' : figure(value))
      }))
    ]
  }
}

function Figures({ title, times, series, figure = plain }: Props) {
  const [open, setOpen] = useState(false)
  const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS))
  const rows = times.map((time, at) => ({ time, at })).filter(({ at }) => (times.length - 1 - at) % step === 0)
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t('chart.table')}</summary>
      {open && (
        <div className="scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead><tr><th scope="col">{t('chart.time')}</th>{series.map((s) => <th scope="col" key={s.label}>{s.label}</th>)}</tr></thead>
            <tbody>
              {rows.map(({ time, at }) => (
                <tr key={time}>
                  <td>{new Date(time * 1000).toLocaleTimeString(locale())}</td>
                  {series.map((s) => <td key={s.label}>{s.values[at] == null ? '–' : figure(s.values[at])}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  )
}
