// The frame: who is signed in, where one is, and the pages.

import { Suspense, useEffect, type ReactNode } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { session } from './api'
import { languages, setLanguage, t, useLanguage, type Language } from './i18n'
import { Login } from './pages/login'
import { Loading } from './parts'
import { ThemeChoice } from './parts/theme'
import { Toasts } from './parts/toast'
import { PAGES } from './routes'
import { startEvents, useToken } from './state'

export function App() {
  const token = useToken()
  const language = useLanguage()
  useEffect(() => (token ? startEvents() : undefined), [token])
  if (!token) return <Login key={language} />
  return (
    <Frame key={language}>
      <Suspense fallback={<Loading />}>
        <Switch>
          {PAGES.map(({ path, page }) => <Route key={path} path={path} component={page} />)}
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
          {PAGES.map(({ path, nav }) => nav && (
            <li key={path}>
              <Link href={path} aria-current={here(path) ? 'page' : undefined}>{t(nav)}</Link>
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
      <Toasts />
    </div>
  )
}
