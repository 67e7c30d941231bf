// A table that sorts, keeps its order in the address, and draws only the rows in sight.

import { useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { useSearchParams } from 'wouter'
import { t } from '../i18n'

export interface Column<T> {
  key: string
  title: string
  cell: (row: T) => ReactNode
  /** What the column is sorted by; without it, it is not. */
  sort?: (row: T) => string | number
  /** Left out on narrow screens. */
  wide?: boolean
}

interface Props<T> {
  /** What the table shows, for screen readers. */
  label: string
  rows: readonly T[]
  columns: Column<T>[]
  id: (row: T) => string
  /** Key of the column it is sorted by unless the address says otherwise; `-key` for descending. */
  order?: string
  /** Rows chosen, where they can be. */
  chosen?: ReadonlySet<string>
  choose?: (chosen: ReadonlySet<string>) => void
  nameOf?: (row: T) => string
}

/** A key that plain comparison sorts as people do: `pc-9` before `pc-10`, `Ä` beside `A`. Ten thousand take few milliseconds. */
function plainKey(text: string): string {
  return text.normalize('NFKD').toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'))
}

/** From this many rows on only those in sight are drawn; all of them are then equally high. */
const MANY = 150
/** Rows drawn beyond those in sight. */
const SPARE = 12

/** One value of the address's query; an empty one is left out. */
export function useQuery(): [URLSearchParams, (changes: Record<string, string>) => void] {
  const [query, setQuery] = useSearchParams()
  const change = (changes: Record<string, string>) =>
    setQuery((old) => {
      const next = new URLSearchParams(old)
      for (const [name, value] of Object.entries(changes)) {
        if (value) next.set(name, value)
        else next.delete(name)
      }
      return next
    }, { replace: true })
  return [query, change]
}

function sorted<T>(rows: readonly T[], by: Column<T>['sort'], down: boolean): readonly T[] {
  if (!by) return rows
  const keyed = rows.map((row) => {
    const key = by(row)
    return { row, key: typeof key === 'number' ? key : plainKey(key) }
  })
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  if (down) keyed.reverse()
  return keyed.map(({ row }) => row)
}

export function Table<T>({ label, rows, columns, id, order = '', chosen, choose, nameOf }: Props<T>) {
  const [query, change] = useQuery()
  const wanted = query.get('sort') ?? order
  const down = wanted.startsWith('-')
  const key = down ? wanted.slice(1) : wanted
  const by = columns.find((column) => column.key === key)?.sort
  // The columns' functions are the same for the same key.
  const list = useMemo(() => sorted(rows, by, down), [rows, key, down])
  const { box, body, from, to, height } = useSight(list.length)
  const many = list.length > MANY
  const pick = choose && chosen && {
    all: list.length > 0 && list.every((row) => chosen.has(id(row))),
    toggle: (name: string) => {
      const next = new Set(chosen)
      if (!next.delete(name)) next.add(name)
      choose(next)
    }
  }
  return (
    <div className={many ? 'scroll tall' : 'scroll'} ref={box} tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={list.length + 1} className={many ? 'level' : undefined}>
        <thead>
          <tr>
            {pick && (
              <th className="tick">
                <input
                  type="checkbox" aria-label={t('common.all')} checked={pick.all}
                  onChange={(e) => choose(new Set(e.target.checked ? list.map(id) : []))}
                />
              </th>
            )}
            {columns.map((column) => (
              <th
                key={column.key} className={column.wide ? 'wide' : undefined} scope="col"
                aria-sort={key === column.key && column.sort ? (down ? 'descending' : 'ascending') : undefined}
              >
                {column.sort
                  ? <button
                      type="button" className="plainbutton"
                      onClick={() => change({ sort: key === column.key && !down ? `-${column.key}` : column.key })}
                    >
                      {column.title}<span aria-hidden="true">{key === column.key ? (down ? ' ▾' : ' ▴') : ''}</span>
                    </button>
                  : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {from > 0 && <tr className="gap" style={{ height: from * height }}><td colSpan={columns.length + 1} /></tr>}
          {list.slice(from, to).map((row, at) => {
            const name = id(row)
            return (
              <tr key={name} aria-rowindex={from + at + 2}>
                {pick && (
                  <td className="tick">
                    <input
                      type="checkbox" aria-label={nameOf?.(row) ?? name} checked={chosen?.has(name) ?? false}
                      onChange={() => pick.toggle(name)}
                    />
                  </td>
                )}
                {columns.map((column) => (
                  <td key={column.key} className={column.wide ? 'wide' : undefined}>{column.cell(row)}</td>
                ))}
              </tr>
            )
          })}
          {to < list.length && (
            <tr className="gap" style={{ height: (list.length - to) * height }}><td colSpan={columns.length + 1} /></tr>
          )}
        </tbody>
      </table>
    </div>
  )
}

/** Which rows are in sight of a box that scrolls. */
function useSight(count: number) {
  const box = useRef<HTMLDivElement>(null)
  const body = useRef<HTMLTableSectionElement>(null)
  const [height, setHeight] = useState(42)
  const [top, setTop] = useState(0)
  const [room, setRoom] = useState(800)
  const many = count > MANY
  useLayoutEffect(() => {
    const element = box.current
    if (!many || !element) return
    const look = () => {
      setTop(element.scrollTop)
      setRoom(element.clientHeight)
      const row = body.current?.querySelector('tr:not(.gap)')
      if (row) setHeight(row.getBoundingClientRect().height || 42)
    }
    look()
    element.addEventListener('scroll', look, { passive: true })
    addEventListener('resize', look)
    return () => {
      element.removeEventListener('scroll', look)
      removeEventListener('resize', look)
    }
  }, [many, count])
  if (!many) return { box, body, height, from: 0, to: count }
  const first = Math.min(Math.floor(top / height), Math.max(0, count - Math.ceil(room / height)))
  return { box, body, height, from: Math.max(0, first - SPARE), to: Math.min(count, first + Math.ceil(room / height) + SPARE) }
}
