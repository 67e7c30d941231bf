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
    args: ARGS,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    ...options
  })
  const complaints = []
  try {
    context.setDefaultTimeout(PATIENCE)
    const page = context.pages()[0] ?? (await context.newPage())
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`)
    })
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.stack ?? error.message}`))
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && origin !== new URL(task.dashboard).origin) complaints.push(`asks ${origin}`)
    })
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
