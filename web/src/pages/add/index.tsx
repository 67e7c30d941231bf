// Adding a PC, through four doors; and how far those are that were sent for.

import { get, type Unclaimed } from '../../api'
import { t } from '../../i18n'
import { Await, Empty, Heading, useQuery } from '../../parts'
import { useLoad } from '../../state'
import { Knocking } from '../unclaimed'
import { Import } from './import'
import { Jobs } from './jobs'
import { Lan } from './lan'
import { Script } from './script'

const DOORS = ['lan', 'script', 'knock', 'import'] as const

export default function Add() {
  const [query, change] = useQuery()
  const door = DOORS.find((name) => name === query.get('door')) ?? 'lan'
  return (
    <>
      <Heading title={t('nav.add')} />
      <ul className="doors">
        {DOORS.map((name, at) => (
          <li key={name}>
            <button aria-pressed={name === door} onClick={() => change({ door: name === 'lan' ? '' : name })}>
              <b>{'ABCD'[at]}. {t(`add.${name}`)}</b>
              <span>{t(`add.${name}.about`)}</span>
            </button>
          </li>
        ))}
      </ul>
      {door === 'lan' && <><Lan /><Jobs /></>}
      {door === 'script' && <Script />}
      {door === 'knock' && <Knock />}
      {door === 'import' && <Import />}
    </>
  )
}

function Knock() {
  const list = useLoad(() => get<Unclaimed[]>('/unclaimed'), [], 5_000)
  return (
    <section>
      <h2>{t('add.knock')}</h2>
      <p>{t('add.knock.text')}</p>
      <Await of={list}>
        {(rows) => (
          <Knocking rows={rows} reload={list.reload}><Empty title={t('add.knock.none')} hint={t('add.knock.hint')} /></Knocking>
        )}
      </Await>
    </section>
  )
}
