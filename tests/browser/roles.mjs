// What a role may not do is not on offer to it: every page is walked as somebody of that role, every control is used, and
// what it would ask of the server is asked about things that are not there. Whoever has no right is refused before that.

import { check, meant, open, signIn, withPage } from './browser.mjs'
import { places, settled } from './pages.mjs'

const PASSWORD = 'a long password'
const GUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi
const NOBODY = '00000000-0000-4000-8000-000000000000'
/** What is not of a PC: the last word names one of them. */
const NAMED = /^(.*\/(?:users|tokens|mounts|redirections|media))\/[^/?]+/

export async function roles(task) {
  await withPage(task, async (page, complaints) => {
    const headers = { authorization: `Bearer ${task.token}` }
    const made = await page.request.post(`${task.dashboard}api/v1/users`, { headers, data: { name: task.role, role: task.role, password: PASSWORD } })
    check(made.ok(), `${task.role} is made: ${await made.text()}`)
    const refused = []
    const asked = new Set()
    // A right is judged before what is asked for is looked at, so a body that means nothing does no harm.
    const probe = async (method, path, where) => {
      const aim = path.replace(/^\/api\/v1/, '').replaceAll(GUID, NOBODY).replace(NAMED, (_, list) => `${list}/0`)
      if (/^\/session/.test(aim) || asked.has(`${method} ${aim}`)) return
      asked.add(`${method} ${aim}`)
      const data = method === 'GET' ? undefined : '{'
      const answer = await page.request.fetch(`${task.dashboard}api/v1${aim}`, { method, data, headers: { 'content-type': 'application/json', origin: new URL(task.dashboard).origin } })
      if (answer.status() === 403) refused.push(`${where}: ${method} ${aim}`)
    }
    let where = ''
    page.on('response', (response) => { if (response.status() === 403) refused.push(`${where}: ${response.request().method()} ${response.url()}`) })
    await signIn(page, { ...task, user: task.role, password: PASSWORD })
    // Nothing is done: what a control asks for is noted, and refused as if somebody else had been quicker.
    const pending = []
    await page.route('**/api/v1/**', async (route) => {
      const request = route.request()
      const { pathname, search } = new URL(request.url())
      if (request.method() === 'GET' && !pathname.includes('/userConsentCode/')) return route.continue()
      pending.push([request.method(), pathname + search])
      return route.fulfill({ status: 409, json: { code: 'E2004', title: 'Not in this walk', detail: 'not in this walk', next: '' } })
    })
    const shells = async () => {
      const all = await page.locator('.shells[data-path]').evaluateAll((all) => all.map(({ dataset }) => [dataset.method, dataset.path]))
      for (const [method, path] of [...all, ...pending.splice(0)]) await probe(method, path, where)
    }
    const paths = await places(page, { ...task, part: 'navigation' })
    if (paths.includes('/devices')) paths.push(...(await places(page, { ...task, part: 'devices' })))
    const walked = new Set()
    for (const path of new Set(paths)) {
      where = path
      await open(page, task, path)
      await settled(page)
      await shells()
      // What stands above the tabs of a PC is the same on each of them.
      const [pc] = /^\/devices\/[^/]+/.exec(path) ?? []
      await use(page, shells, walked.has(pc))
      if (pc) walked.add(pc)
    }
    console.log(JSON.stringify({ role: task.role, pages: paths.length, asked: asked.size }))
    check(refused.length === 0, `${task.role} is offered what is refused:\n${[...new Set(refused)].join('\n')}`)
    const own = meant(meant(complaints, 409), 404)
    check(own.length === 0, own.join('\n'))
  }, { viewport: { width: 1280, height: 2000 } })
}

/**
 * Presses every button of the page once, or only those below its tabs, those in what it opens included; a page that is left
 * is none of it.
 */
async function use(page, shells, below) {
  const boxes = page.locator('main tbody input[type="checkbox"]')
  if (await boxes.count()) await boxes.first().check()
  await shells()
  const where = below ? 'main .tabs ~ * button, main .tabs ~ button' : 'main button'
  const buttons = await page.locator(where).locator('visible=true').and(page.locator(':enabled')).elementHandles()
  for (const button of buttons) {
    if (!(await button.isVisible().catch(() => false)) || !(await button.isEnabled().catch(() => false))) continue
    await button.click({ timeout: 2_000 }).catch(() => {})
    await shells()
    const dialog = page.getByRole('dialog')
    if (!(await dialog.count())) continue
    // A deed without a form is one more press away.
    const inner = await dialog.locator('button:enabled').elementHandles()
    for (const one of inner) {
      if (await one.isVisible().catch(() => false)) await one.click({ timeout: 2_000 }).catch(() => {})
      await shells()
    }
    while (await dialog.count()) await page.keyboard.press('Escape')
  }
}
