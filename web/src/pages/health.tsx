// How the server itself is: facts, each with a verdict and what to do.

import { get, type Status } from '../api'
import { isKey, t, when } from '../i18n'
import { problemWords } from '../i18n/problems'
import { remedy, say, type Said } from '../i18n/said'
import { Await, Deed, download, Empty, Facts, Failure, Heading, Shells, useAction } from '../parts'
import { Theirs } from '../parts/theirs'
import { useLoad } from '../state'

interface Check {
  name: string
  verdict: 'ok' | 'warn' | 'bad'
  detail: string
  next?: string
  said?: Said
}

const MARKS = { ok: '✓', warn: '!', bad: '✗' } as const
const ORDER = { bad: 0, warn: 1, ok: 2 } as const

export default function Health() {
  const checks = useLoad(() => get<Check[]>('/stats/health'), [], 10_000)
  const status = useLoad(() => get<Status>('/status'), [], 10_000)
  return (
    <>
      <Heading title={t('nav.health')}><Shells of={t('nav.health')} cli="viaduct doctor" method="GET" path="/stats/health" /><Bundle /></Heading>
      <Await of={checks}>
        {(list) => list.length === 0 ? <Empty title={t('common.none')} /> : (
          <ul className="checks">
            {[...list].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]).map((check) => (
              <li key={check.name + check.detail} className={check.verdict}>
                <b><span aria-hidden="true">{MARKS[check.verdict]}</span> {nameOf(check.name)}</b>
                <span className="verdict">{t(`health.${check.verdict}`)}</span>
                <p><Theirs ours={say(check.said)} text={check.detail} /></p>
                {check.next && <p>→ <Theirs ours={remedy(check.name)} text={check.next} /></p>}
              </li>
            ))}
          </ul>
        )}
      </Await>
      <Await of={status}>
        {(s) => (
          <section>
            <h2>{t('health.server')}</h2>
            <Facts
              rows={[
                [t('health.version'), s.version],
                [t('health.started'), when(s.started)],
                [t('health.clock'), difference(s.now)],
                ...s.attention.map((point): [string, string] => {
                  const words = problemWords(point.code)
                  return [point.code, `${words ? `${words.title}: ` : ''}${point.detail} → ${words?.next ?? point.next}`]
                })
              ]}
            />
          </section>
        )}
      </Await>
    </>
  )
}

/** One file for whoever helps from outside, so that nobody pastes logs. */
function Bundle() {
  const action = useAction()
  const save = () => action.run(async () => {
    const bundle = await get<unknown>('/support-bundle')
    download('viaduct-support.json', JSON.stringify(bundle, null, 2), 'application/json')
  }, t('health.bundled'))
  return (
    <>
      {action.error && <Failure error={action.error} />}
      <Deed>
        <button disabled={action.busy} title={t('health.bundleHint')} onClick={() => void save()}>{t('health.bundle')}</button>
        <Shells of={t('health.bundle')} cli="viaduct doctor --bundle viaduct-support.json" method="GET" path="/support-bundle" />
      </Deed>
    </>
  )
}

function nameOf(name: string): string {
  const key = `health.name.${name}`
  return isKey(key) ? t(key) : name
}

/** How far the server's clock is from the browser's. */
function difference(now: string): string {
  const seconds = Math.round((new Date(now).getTime() - Date.now()) / 1000)
  return Math.abs(seconds) < 5 ? t('health.clockSame') : t('health.clockOff', { n: Math.abs(seconds) })
}
