// Which page is shown where. A page is one line here, and a file or folder in `pages/`.

import { lazy, type ComponentType } from 'react'
import type { Key } from './i18n'

export interface Page {
  path: string
  page: ComponentType<{ params: Record<string, string | undefined> }>
  /** Its name in the navigation; without one it is reached from elsewhere. */
  nav?: Key
  /** The right without which it shows nothing, as the server calls it. */
  needs?: string
}

type Params = { params: Record<string, string | undefined> }

const DevicePage = lazy(() => import('./pages/device'))

export const PAGES: Page[] = [
  { path: '/', nav: 'nav.overview', needs: 'devices.read', page: lazy(() => import('./pages/overview')) },
  { path: '/devices', nav: 'nav.devices', needs: 'devices.read', page: lazy(() => import('./pages/devices')) },
  {
    path: '/devices/:guid/:tab?',
    needs: 'devices.read',
    page: ({ params }: Params) => <DevicePage guid={params['guid'] ?? ''} tab={params['tab'] ?? 'summary'} />
  },
  { path: '/add', needs: 'devices.change', nav: 'nav.add', page: lazy(() => import('./pages/add')) },
  { path: '/unclaimed', needs: 'devices.read', nav: 'nav.unclaimed', page: lazy(() => import('./pages/unclaimed')) },
  { path: '/media', nav: 'nav.media', needs: 'devices.read', page: lazy(() => import('./pages/media')) },
  { path: '/redirections', needs: 'devices.read', nav: 'nav.redirections', page: lazy(() => import('./pages/redirections')) },
  { path: '/audit', needs: 'audit.read', nav: 'nav.audit', page: lazy(() => import('./pages/audit')) },
  { path: '/people', needs: 'users.read', nav: 'nav.people', page: lazy(() => import('./pages/people')) },
  { path: '/settings', needs: 'certificates.read', nav: 'nav.settings', page: lazy(() => import('./pages/settings')) },
  { path: '/health', needs: 'config.read', nav: 'nav.health', page: lazy(() => import('./pages/health')) },
  { path: '/permissions', page: lazy(() => import('./pages/permissions')) },
  { path: '/account', page: lazy(() => import('./pages/account')) }
]
