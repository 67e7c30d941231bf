// What one can choose in each change of remote access.

import { useState } from 'react'
import type { Device } from '../../../api'
import { t } from '../../../i18n'
import { wordOf } from '../../../i18n/happened'
import { quoted } from '../../../parts'
import { Change } from './change'

interface Props {
  device: Device
  close: () => void
}

export interface Policy {
  trigger: string
  schedule?: string | null
  lifeTimeSeconds: number
  servers: string[]
}

/** Five have room. */
const SUFFIXES_MAX = 5
/** How long a tunnel lives without use when nobody says otherwise, in seconds. */
const IDLE = 300

/** `HOST[:PORT][=COMMON-NAME]`; addresses of IPv6 in brackets. */
function placeOf(host: string, port: string, common: string): string {
  const bare = host.trim().replace(/^\[(.*)\]$/, '$1')
  const shown = bare.includes(':') ? `[${bare}]` : bare
  return `${shown}${port.trim() && `:${port.trim()}`}${common.trim() && `=${common.trim()}`}`
}

export function AddServer({ device, close }: Props) {
  const [host, setHost] = useState('')
  const [port, setPort] = useState('')
  const [common, setCommon] = useState('')
  const mps = placeOf(host, port, common)
  return (
    <Change device={device} close={close} title={t('change.add')} about={t('change.add.about')} wish={{ addMps: [mps] }} cli={`add-mps DEVICE ${quoted(mps || 'HOST')}`}>
      <label>{t('change.host')}<input required value={host} onChange={(e) => setHost(e.target.value)} placeholder="mps2.example.com" autoComplete="off" autoFocus /></label>
      <label>{t('change.port')}
        <input inputMode="numeric" pattern="[0-9]{1,5}" value={port} onChange={(e) => setPort(e.target.value)} placeholder="4433" autoComplete="off" />
        <small className="muted">{t('change.portHint')}</small>
      </label>
      <label>{t('change.common')}
        <input value={common} onChange={(e) => setCommon(e.target.value)} autoComplete="off" />
        <small className="muted">{t('change.commonHint')}</small>
      </label>
    </Change>
  )
}

/** Which of the servers that it knows are tried, and in what order. */
export function OrderServers({ device, close, known, now }: Props & { known: string[]; now: string[] }) {
  const [first, setFirst] = useState(now[0] ?? known[0] ?? '')
  const [second, setSecond] = useState(now[1] ?? '')
  const mps = [first, ...(second && second !== first ? [second] : [])]
  const cli = `set DEVICE ${mps.map((one) => `--mps ${quoted(one)}`).join(' ')}`
  const options = known.map((one) => <option key={one} value={one}>{one}</option>)
  return (
    <Change device={device} close={close} title={t('change.order')} about={t('change.order.about')} wish={{ mps }} cli={cli}>
      <label>{t('change.first')}<select value={first} onChange={(e) => setFirst(e.target.value)} autoFocus>{options}</select></label>
      <label>{t('change.second')}
        <select value={second === first ? '' : second} onChange={(e) => setSecond(e.target.value)}>
          <option value="">{t('change.nobody')}</option>
          {known.filter((one) => one !== first).map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </label>
    </Change>
  )
}

export function RemoveServer({ device, close, server }: Props & { server: string }) {
  return (
    <Change
      device={device} close={close} title={t('change.removeServer', { server })} about={t('change.removeServer.about')} danger
      wish={{ removeMps: [server] }} cli={`rm-mps DEVICE ${quoted(server)}`}
    />
  )
}

const TRIGGERS = ['periodic', 'user', 'alert'] as const
const UNITS = ['s', 'm', 'h'] as const

/** `90s` as it is written in a form. */
function spanOf(schedule: string | null | undefined): [string, string] {
  const [, count, unit] = /^(\d+)([smh])$/.exec(schedule ?? '') ?? []
  return [count ?? '25', unit ?? 's']
}

/** A new policy, or that of a trigger anew. */
export function SetPolicy({ device, close, before }: Props & { before?: Policy }) {
  const [trigger, setTrigger] = useState<string>(before?.trigger ?? 'periodic')
  const time = /^\d+:\d+$/.test(before?.schedule ?? '') ? before?.schedule ?? '' : ''
  const [daily, setDaily] = useState(time !== '')
  const [at, setAt] = useState(time || '03:30')
  const [[count, unit], setSpan] = useState(() => spanOf(before?.schedule))
  const [ends, setEnds] = useState((before?.lifeTimeSeconds ?? 0) > 0)
  const [idle, setIdle] = useState(String(before?.lifeTimeSeconds || IDLE))
  const when = trigger === 'periodic' ? `=${daily ? at : `${count}${unit}`}` : ''
  const policy = `${trigger}${when}/${ends ? idle : 0}s`
  const words = (name: string) => wordOf('remote.trigger', name)
  return (
    <Change
      device={device} close={close} about={t('change.policy.about')} wish={{ triggers: policy }} cli={`policy DEVICE ${quoted(policy)}`}
      title={before ? t('change.policy', { trigger: words(before.trigger) }) : t('change.addPolicy')}
    >
      {!before && (
        <label>{t('remote.trigger')}
          <select value={trigger} autoFocus onChange={(e) => { setTrigger(e.target.value); setEnds(e.target.value !== 'periodic') }}>
            {TRIGGERS.map((one) => <option key={one} value={one}>{words(one)}</option>)}
          </select>
        </label>
      )}
      {trigger === 'periodic' && (
        <>
          <label>{t('change.when')}
            <select value={daily ? 'daily' : 'every'} onChange={(e) => setDaily(e.target.value === 'daily')}>
              <option value="every">{t('change.every')}</option>
              <option value="daily">{t('change.daily')}</option>
            </select>
          </label>
          {daily
            ? <label>{t('change.at')}<input type="time" required value={at} onChange={(e) => setAt(e.target.value)} /></label>
            : (
              <div className="pair">
                <label>{t('change.everyHow')}<input inputMode="numeric" pattern="[1-9][0-9]*" required value={count} onChange={(e) => setSpan([e.target.value, unit])} /></label>
                <select aria-label={t('remote.schedule')} value={unit} onChange={(e) => setSpan([count, e.target.value])}>
                  {UNITS.map((one) => <option key={one} value={one}>{t(`change.unit.${one}`)}</option>)}
                </select>
              </div>
            )}
        </>
      )}
      <label>{t('change.tunnel')}
        <select value={ends ? 'ends' : 'stays'} onChange={(e) => setEnds(e.target.value === 'ends')}>
          <option value="stays">{t('change.stays')}</option>
          <option value="ends">{t('change.ends')}</option>
        </select>
      </label>
      {ends && <label>{t('change.idle')}<input inputMode="numeric" pattern="[1-9][0-9]*" required value={idle} onChange={(e) => setIdle(e.target.value)} /></label>}
    </Change>
  )
}

export function RemovePolicy({ device, close, trigger }: Props & { trigger: string }) {
  return (
    <Change
      device={device} close={close} title={t('change.removePolicy', { trigger: wordOf('remote.trigger', trigger) })} about={t('change.removePolicy.about')} danger
      wish={{ removeTriggers: [trigger] }} cli={`policy DEVICE --rm ${quoted(trigger)}`}
    />
  )
}

export function Home({ device, close, now }: Props & { now: string[] }) {
  const [nowhere, setNowhere] = useState(now.length === 0)
  const [text, setText] = useState(now.join('\n'))
  const suffixes = text.split(/[\s,;]+/).filter(Boolean).slice(0, SUFFIXES_MAX + 1)
  const inside = nowhere ? [] : suffixes
  const cli = `set DEVICE ${nowhere ? '--always-outside' : suffixes.map((one) => `--inside ${quoted(one)}`).join(' ') || '--inside SUFFIX'}`
  return (
    <Change device={device} close={close} title={t('change.home')} about={t('change.home.about')} wish={{ inside }} cli={cli}>
      <label className="check"><input type="radio" name="home" checked={nowhere} onChange={() => setNowhere(true)} /> {t('change.nowhere')}</label>
      <label className="check"><input type="radio" name="home" checked={!nowhere} onChange={() => setNowhere(false)} /> {t('change.under')}</label>
      {!nowhere && <label>{t('change.suffixes')}<textarea rows={3} required value={text} onChange={(e) => setText(e.target.value)} placeholder="corp.example.com" /></label>}
    </Change>
  )
}

const FROM = ['off', 'bios', 'os', 'both'] as const

export function WhoMayAsk({ device, close, now }: Props & { now: string }) {
  const [from, setFrom] = useState(now)
  return (
    <Change device={device} close={close} title={t('change.user')} about={t('change.user.about')} wish={{ userInitiated: from }} cli={`trigger DEVICE ${from}`}>
      <label>{t('change.from')}
        <select value={from} onChange={(e) => setFrom(e.target.value)} autoFocus>
          {FROM.map((one) => <option key={one} value={one}>{t(`remote.userInitiated.${one}`)}</option>)}
        </select>
      </label>
    </Change>
  )
}
