// A screen or terminal that has ended, or did not begin: why, and what one can do.

import { useEffect, useState } from 'react'
import { get, post } from '../api'
import { language, locale, t } from '../i18n'
import { phrase } from '../i18n/phrases'
import { closeWords } from '../i18n/problems'
import type { Mode } from '../redirection'
import { onHappening, useLoad } from '../state'
import { useAction } from './action'
import { Failure } from './states'
import { Shells } from './shells'
import { Watching } from './watching'

interface Use {
  id: number
  guid: string
  mode: string
  user: string
  since: string
}

/** The server's code for "somebody else is using it". */
const IN_USE = 'E2030'
/** How often is looked whether the place is free, for who waits for it. */
const OFTEN = 3_000

export type Start = (takeOver: boolean) => void

interface Props {
  guid: string
  mode: Mode
  /** What the server said: a code, then words; or words of ours. */
  reason: string
  start: Start
  waiting: boolean
  wait: (waiting: boolean) => void
}

export function Ended({ guid, mode, reason, start, waiting, wait }: Props) {
  const [, code, said] = /^(E\d{4}) ?(.*)$/s.exec(reason) ?? [undefined, undefined, reason]
  if (code === IN_USE) return <InUse {...{ guid, mode, start, waiting, wait }} reason={said ?? ''} />
  const words = closeWords(code)
  return (
    <div role="alert" className="overlay" data-code={code}>
      <p><strong>{t('screen.over')}</strong></p>
      <p>{words ? `${words.title}.` : t('screen.ended', { reason: reason || t('screen.endedPlain') })} {words && <code>{code}</code>}</p>
      {words && said && <p><Said text={said} /></p>}
      {words && <p>→ {words.next}</p>}
      <button className="primary" onClick={() => start(false)}>{t('screen.reconnect')}</button>
    </div>
  )
}

/** The server's own sentence about this one end. */
function Said({ text }: { text: string }) {
  const words = language() === 'en' ? text : phrase(text)
  return words ? <small>{words}</small> : <small>{t('error.servers')}: <q lang="en">{text}</q></small>
}

/** Another console has the place: who, since when; watch it, ask for it, wait for it, or take it. */
function InUse({ guid, mode, reason, start, waiting, wait }: Props) {
  const uses = useLoad(
    () => get<Use[]>('/redirections').then((all) => all.find((one) => one.guid === guid && one.mode === mode) ?? null),
    [guid, mode], OFTEN
  )
  const who = uses.data
  const free = uses.data === null
  const [watching, watch] = useState(false)
  const [asked, setAsked] = useState(false)
  const [kept, setKept] = useState(false)
  const action = useAction()
  // Who asked may go on waiting, ask again, or watch.
  useEffect(() => onHappening((event) => {
    if (event?.type !== 'redirection.kept' || event.guid !== guid || event['reason'] !== mode) return
    setAsked((before) => {
      if (before) setKept(true)
      return false
    })
  }), [guid, mode])
  useEffect(() => { if (waiting && free) start(false) }, [waiting, free])
  const ask = async (id: number) => {
    if (!await action.run(() => post(`/redirections/${id}/ask`))) return
    setAsked(true)
    setKept(false)
    wait(true)
  }
  return (
    <div role="alert" className={watching ? 'overlay watching' : 'overlay'} data-code={IN_USE}>
      <p><strong>{who ? t('screen.usedBy', { user: who.user, time: new Date(who.since).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' }) }) : t('screen.used')}</strong> <code>{IN_USE}</code></p>
      {who && watching ? <Watching id={who.id} user={who.user} /> : <p>{who ? t('screen.usedHint', { user: who.user }) : reason}</p>}
      {kept && who && <p role="status"><strong>{t('screen.kept', { user: who.user })}</strong></p>}
      {waiting && <p role="status">{asked && who ? t('screen.asked', { user: who.user }) : t('screen.waiting')}</p>}
      {action.error && <Failure error={action.error} />}
      <p className="actions">
        {who && mode === 'kvm' && <button onClick={() => watch(!watching)}>{t(watching ? 'screen.watchNot' : 'screen.watch')}</button>}
        {who && mode === 'kvm' && <Shells cli={`viaduct redirections watch ${who.id} --to screen.jpg`} method="POST" path={`/redirections/${who.id}/watch`} />}
        {who && <button disabled={action.busy} onClick={() => void ask(who.id)}>{t('screen.ask', { user: who.user })}</button>}
        {who && <Shells cli={`viaduct redirections ask ${who.id}`} method="POST" path={`/redirections/${who.id}/ask`} />}
        <button className="primary" onClick={() => wait(!waiting)}>{t(waiting ? 'screen.waitNot' : 'screen.wait')}</button>
        <button className="danger" onClick={() => start(true)}>{t('screen.inUse')}</button>
      </p>
    </div>
  )
}
