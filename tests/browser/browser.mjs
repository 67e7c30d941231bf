// Chromium as people have it, on a page of the dashboard that must stay without errors.

import { chromium } from 'playwright-core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'
]
/** How long anything may take before it counts as not happening; debug builds share two cores with other tests. */
export const PATIENCE = 60_000

/** Runs `work` with a page; whatever the page complains about ends up in `complaints`. */
export async function withPage(task, work, options = {}) {
  const home = mkdtempSync(join(tmpdir(), 'vbt-'))
  const context = await chromium.launchPersistentContext(home, {
    executablePath: task.chromium,
    args: task.rules ? [...ARGS, `--host-resolver-rules=${task.rules}`] : ARGS,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    ...options
  })
  const complaints = []
  try {
    context.setDefaultTimeout(PATIENCE)
    const page = context.pages()[0] ?? (await context.newPage())
    const own = new URL(task.dashboard).origin
    const follow = (one) => {
      one.on('console', (message) => {
        // Other sites, such as a provider that people sign in at, have faults of their own.
        if (message.type() === 'error' && one.url().startsWith(own)) complaints.push(`${one.url()}: ${message.text()}`)
        const [, command] = /^command: (.*)$/s.exec(message.text()) ?? []
        if (command && !task.commands?.has(command)) console.log(JSON.stringify({ command }))
        const [, deed] = /^done: (.*)$/s.exec(message.text()) ?? []
        if (deed) task.deeds = (task.deeds ?? new Set()).add(deed)
        if (command) task.commands = (task.commands ?? new Set()).add(command)
      })
      one.on('pageerror', (error) => {
        if (one.url().startsWith(own)) complaints.push(`${one.url()}: ${error.stack ?? error.message}`)
      })
      one.on('request', (request) => {
        const { origin, protocol } = new URL(request.url())
        if (protocol.startsWith('http') && origin !== own && one.url().startsWith(own) && !request.isNavigationRequest()) {
          complaints.push(`asks ${origin}`)
        }
      })
    }
    follow(page)
    context.on('page', follow)
    await context.addInitScript(offered)
    // Chromium logs most violations of the policy, but not those of every kind.
    await context.addInitScript(() =>
      addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)))
    return await work(page, complaints)
  } finally {
    await context.close()
    rmSync(home, { recursive: true, force: true })
  }
}

/**
 * In the page: what it asks the server to do must be on offer as a command too, at the place where it is done. What it
 * offers is told, so that somebody else can see whether the commands exist.
 */
function offered() {
  const plain = (path) => decodeURIComponent(path).split('?')[0].replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '*')
  /** Signing in and setting up come before anything can be offered; pieces of an upload belong to its begin; pictures for who watches are no deed; views of old are taken over by nobody's deed. */
  const exempt = (method, path) => /^\/(session|setup)/.test(path) || (method === 'PATCH' && path.startsWith('/media/')) || (method === 'PUT' && path.endsWith('/picture')) || (method === 'PUT' && plain(path).startsWith('/me/views/of old'))
  /** What is offered has what is sent; words in capitals stand for what is not shown, or for what nobody has typed yet. */
  const fits = (offer, sent) => {
    if (typeof offer === 'string' && /^[A-Z][A-Z-]+$/.test(offer)) return sent !== undefined
    if (typeof offer !== 'object' || typeof sent !== 'object' || !offer || !sent) return String(offer ?? '') === String(sent ?? '')
    return [...new Set([...Object.keys(offer), ...Object.keys(sent)])].every((key) => fits(offer[key], sent[key]))
  }
  const parsed = (text) => JSON.parse(text || '{}')
  /** A page that shows what would change before it is done offers the deed. */
  const deed = ({ dryRun, ...sent }, offer) => (dryRun && !('dryRun' in offer) ? sent : { ...sent, ...(dryRun !== undefined && { dryRun }) })
  /** Rows of a file that somebody chose; a plain text. */
  const free = (path, body) => path.startsWith('/imports') || (typeof body === 'string' ? !body.startsWith('{') : body !== undefined)
  const told = new Set()
  const tell = () => {
    for (const { dataset } of document.querySelectorAll('[data-cli]')) {
      if (told.has(dataset.cli)) continue
      told.add(dataset.cli)
      console.debug(`command: ${dataset.cli}`)
    }
  }
  setInterval(tell, 200)
  const ask = window.fetch
  window.fetch = (input, init = {}) => {
    const method = init.method ?? 'GET'
    const path = new URL(String(input), location.href).pathname.replace(/^\/api\/v1/, '')
    if ((method !== 'GET' || path.includes('/userConsentCode/')) && !exempt(method, path)) {
      tell()
      const all = [...document.querySelectorAll('.shells')].map(({ dataset }) => dataset)
      const offers = all.filter((one) => one.method === method && plain(one.path) === plain(path) && one.cli)
      const fitting = offers.filter((one) => free(path, init.body) || fits(parsed(one.body), deed(parsed(init.body), parsed(one.body))))
      if (offers.length === 0) console.error(`not on offer for a shell: ${method} ${path}`)
      else if (fitting.length === 0) console.error(`another is on offer for a shell than ${method} ${path} ${init.body}: ${offers.map((one) => one.body).join(' or ')}`)
      console.debug(`done: ${method} ${plain(path)}`)
    }
    return ask(input, init)
  }
}

export async function signIn(page, task) {
  await page.goto(task.dashboard)
  await page.getByLabel('User').fill(task.user)
  await page.getByLabel('Password', { exact: true }).fill(task.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation').first().waitFor()
}

export function check(holds, what) {
  if (!holds) throw new Error(`does not hold: ${what}`)
}

/** Waits until a question about the page or the server has the answer that is wanted. */
export async function until(what, holds) {
  const end = Date.now() + PATIENCE
  for (;;) {
    const answer = await holds()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise((again) => setTimeout(again, 50))
  }
}

/** The server's own answer, through the page's network. */
export async function rest(page, task, path) {
  const answer = await page.request.get(`${task.dashboard}api/v1${path}`, {
    headers: { authorization: `Bearer ${task.token}` }
  })
  return answer.json()
}

/** A hash of the picture on the canvas. */
export const pictureOf = (page) =>
  page.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let hash = 0
    let drawn = 0
    for (let at = 0; at < data.length; at += 4) {
      const pixel = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2]
      if (pixel) drawn++
      hash = (Math.imul(hash, 31) + pixel) | 0
    }
    return { hash, drawn }
  })

export const open = (page, task, path) => page.goto(new URL(path, task.dashboard).href)

export async function startScreen(page, task) {
  await open(page, task, `devices/${task.device}/screen`)
  await page.getByRole('button', { name: 'Show the screen' }).click()
  await page.getByText('live', { exact: true }).waitFor()
  await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
}

/** The complaints without what browsers say of refusals that are meant. */
export const meant = (complaints, status) => complaints.filter((line) => !line.includes(`status of ${status}`))

/** The form on a PC's page that boots it from a web server. */
export async function bootForm(page, task, device) {
  await open(page, task, `devices/${device}`)
  await page.getByText('Power: on').waitFor()
  await page.getByLabel('Power', { exact: true }).selectOption('boot.https')
  return page.getByRole('dialog')
}
