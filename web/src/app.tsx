// The frame: who is signed in, where one is, and the pages.

import { lazy, Suspense, useEffect, type ReactNode } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { session } from './api'
import { languages, setLanguage, t, useLanguage, type Key, type Language } from './i18n'
import { Audit } from './pages/audit'
import { Devices } from './pages/devices'
import { Login } from './pages/login'
import { Overview } from './pages/overview'
import { Redirections } from './pages/redirections'
import { Settings } from './pages/settings'
import { Tokens } from './pages/tokens'
import { UnclaimedPage } from './pages/unclaimed'
import { startEvents, useToken } from './state'
import { ThemeChoice } from './parts/theme'

const DevicePage = lazy(() => import('./pages/device'))

const NAVIGATION: [string, Key][] = [
  ['/', 'nav.overview'],
  ['/devices', 'nav.devices'],
  ['/unclaimed', 'nav.unclaimed'],
  ['/redirections', 'nav.redirections'],
  ['/audit', 'nav.audit'],
  ['/tokens', 'nav.tokens'],
  ['/settings', 'nav.settings']
]

export function App() {
  const token = useToken()
  const language = useLanguage()
  useEffect(() => (token ? startEvents() : undefined), [token])
  if (!token) return <Login key={language} />
  return (
    <Frame key={language}>
      <Suspense fallback={<p className="muted">{t('common.loading')}</p>}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/devices" component={Devices} />
          <Route path="/devices/:guid/:tab?">{(p) => <DevicePage guid={p.guid} tab={p.tab ?? 'summary'} />}</Route>
          <Route path="/unclaimed" component={UnclaimedPage} />
          <Route path="/redirections" component={Redirections} />
          <Route path="/audit" component={Audit} />
          <Route path="/tokens" component={Tokens} />
          <Route path="/settings" component={Settings} />
          <Route>{t('error.404')}</Route>
        </Switch>
      </Suspense>
    </Frame>
  )
}

function Frame({ children }: { children: ReactNode }) {
  const [place] = useLocation()
  const language = useLanguage()
  const here = (path: string) => (path === '/' ? place === '/' : place.startsWith(path))
  return (
    <div className="frame">
      <a className="skip" href="#content">{t('nav.skip')}</a>
      <nav aria-label={t('app.name')}>
        <strong className="brand">{t('app.name')}</strong>
        <ul>
          {NAVIGATION.map(([path, key]) => (
            <li key={path}>
              <Link href={path} aria-current={here(path) ? 'page' : undefined}>{t(key)}</Link>
            </li>
          ))}
        </ul>
        <div className="nav-foot">
          <ThemeChoice />
          <select
            aria-label={t('language')}
            value={language}
            onChange={(e) => setLanguage(e.target.value as Language)}
          >
            {Object.entries(languages).map(([code, name]) => <option key={code} value={code}>{name}</option>)}
          </select>
          <button onClick={() => session.set(null)}>{t('nav.signout')}</button>
        </div>
      </nav>
      <main id="content" tabIndex={-1}>{children}</main>
    </div>
  )
}
