// The frame: who is signed in, where one is, and the pages.

import { Suspense, useEffect, useState, type ReactNode } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { isKey, locale, t, useLanguage } from './i18n'
import { Login, takeReturn } from './pages/login'
import { Outside } from './pages/outside'
import { SetUp } from './pages/setup'
import { Empty, Heading, Loading } from './parts'
import { Boundary } from './parts/boundary'
import { LanguageChoice } from './parts/language'
import { ThemeChoice } from './parts/theme'
import { Toasts } from './parts/toast'
import { Unsaved } from './parts/unsaved'
import { PAGES } from './routes'
import { recognise, signOut, useMay, useMe, type Me } from './session'
import { startEvents, useLostSince } from './state'

export function App() {
  const me = useMe()
  const language = useLanguage()
  const [place, go] = useLocation()
  const name = me?.name
  const may = useMay()
  useEffect(() => void recognise(), [])
  useEffect(() => {
    if (!name) return
    const back = takeReturn()
    if (back) go(back, { replace: true })
    return may('events.read') ? startEvents() : undefined
  }, [name])
  if (place === '/setup') return <><Lost /><SetUp key={language} /></>
  if (me === undefined) return <><Lost /><Outside><Loading /></Outside></>
  // In its place, so that whoever signs in again is where they were.
  if (me === null) return <><Lost /><Login key={language} /></>
  return (
    <Frame key={language} me={me}>
      <Boundary place={place}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {PAGES.map(({ path, page, needs }) => <Route key={path} path={path} component={may(needs) ? page : Forbidden} />)}
            <Route><Missing /></Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Frame>
  )
}

/** The server went away: said at once, with since when; gone by itself when it is back. */
function Lost() {
  const since = useLostSince()
  return (
    <div role="status" aria-live="assertive">
      {since !== null && (
        <p className="lost"><span aria-hidden="true">⚠</span> {t('app.lost', { time: new Date(since).toLocaleTimeString(locale(), { timeStyle: 'short' }) })}</p>
      )}
    </div>
  )
}

/** Said before anything is asked that would be refused. */
function Forbidden() {
  return (
    <>
      <Heading title={t('error.403')} />
      <Empty title={t('app.forbidden')} hint={t('app.forbiddenHint')}><Link className="button" href="/account">{t('nav.account')}</Link></Empty>
    </>
  )
}

function Missing() {
  return (
    <>
      <Heading title={t('app.noPage')} />
      <Empty title={t('app.noPageHint')}><Link className="button" href="/">{t('nav.overview')}</Link></Empty>
    </>
  )
}

function Frame({ me, children }: { me: Me; children: ReactNode }) {
  const [place] = useLocation()
  const may = useMay()
  const here = (path: string) => (path === '/' ? place === '/' : place === path || place.startsWith(`${path}/`))
  const role = `role.${me.role}`
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [place])
  return (
    <div className="frame">
      <a className="skip" href="#content">{t('nav.skip')}</a>
      <nav aria-label={t('nav.label')} className={open ? 'open' : undefined} onKeyDown={(e) => { if (e.key === 'Escape') setOpen(false) }}>
        <div className="nav-head">
          <Link href="/" className="brand"><img src="/icon.svg" alt="" width="24" height="24" /> {t('app.name')}</Link>
          <button className="nav-menu" aria-expanded={open} onClick={() => setOpen(!open)}>☰ {t('nav.menu')}</button>
        </div>
        <ul>
          {PAGES.map(({ path, nav, needs }) => nav && may(needs) && (
            <li key={path}>
              <Link href={path} aria-current={here(path) ? 'page' : undefined}>{t(nav)}</Link>
            </li>
          ))}
        </ul>
        <div className="nav-foot">
          <Link href="/account" aria-current={here('/account') ? 'page' : undefined} title={t('nav.account')}>
            {me.name} <small className="muted">{isKey(role) ? t(role) : me.role}</small>
          </Link>
          <ThemeChoice />
          <LanguageChoice />
          <button onClick={() => void signOut()}>{t('nav.signout')}</button>
        </div>
      </nav>
      <div className="stage">
        <Lost />
        <Unsaved />
        <main id="content" tabIndex={-1}>{children}</main>
      </div>
      <Toasts />
    </div>
  )
}
